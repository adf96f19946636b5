/** Who else has a file open: what is asked of an operating system, and how its answer reads. */

export interface FileIdentity {
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

export interface Opener {
  /** Undefined when the system does not tell (a lock of an open file description, a loop device). */
  readonly pid: number | undefined;
  readonly command: string | undefined;
  readonly how: "read" | "write" | "map" | "lock" | "loop";
  /** It may change the content: open or mapped for writing, or locked (a virtual machine locks what it uses). */
  readonly mayWrite: boolean;
}

export interface Openers {
  /** In the order asked. */
  readonly byFile: readonly (readonly Opener[])[];
  /** What could not be looked at, when not every process could be; then only the stamps tell of a change. */
  readonly gap: string | undefined;
}

/** The view of the other processes of this machine. The own process and its threads never count. */
export interface Processes {
  openersOf(files: readonly FileIdentity[]): Promise<Openers>;
}

const HOW: Readonly<Record<Opener["how"], string>> = {
  read: "has it open for reading",
  write: "has it open for writing",
  map: "has it mapped into its memory for writing",
  lock: "holds a lock on it (a running virtual machine does)",
  loop: "is attached to it (losetup -d detaches it)",
};

/** One opener in words: who, and how. */
export function describeOpener({ pid, command, how }: Opener): string {
  const who = command ?? "another program";
  return `${pid === undefined ? who : `${who} (process ${pid})`} ${HOW[how]}`;
}
