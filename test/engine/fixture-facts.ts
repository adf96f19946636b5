/** What is known of the fixture repository besides its objects. */

/** 32 bytes, 0 to 31: a secret for the fixture only, in the open on purpose. */
export const FIXTURE_SECRET = Uint8Array.from({ length: 32 }, (_, index) => index);

/** test/fixtures/repository-v1/facts.json. */
export interface FixtureFacts {
  readonly domainId: string;
  readonly backups: readonly { readonly rootId: string; readonly size: number; readonly sha256: string }[];
  /** d(one, two) in bytes. */
  readonly difference: number;
}
