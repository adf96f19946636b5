/** How is work on a store watched and stopped? */

export interface Watch {
  /** Bytes of disk done since the last call. */
  readonly onProgress: (bytes: number) => void;
  /** How much there will be, once it is known; bytes of disk. */
  readonly onTotal: (bytes: number) => void;
  /** Something that a person should know and that is no failure. */
  readonly onRemark: (text: string) => void;
  /** Aborted: the work rejects with Interrupted soon, and takes back what is half done. */
  readonly signal: AbortSignal;
}
