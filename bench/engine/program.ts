/** What must a program say about itself so that it can be measured? */
import type { Command } from "./measure.ts";

/** What is backed up, and how it is called afterwards. */
export interface Backup {
  /** Absolute path of a raw image. */
  readonly image: string;
  /** A word that names this version: "v1". */
  readonly label: string;
  /** File with the numbers of the 512 KiB blocks that may differ from the version before. */
  readonly changed?: string;
  /** zstd level; the program's own when undefined. */
  readonly level?: number;
}

/** A restore into an empty folder. */
export interface Restore {
  readonly command: Command;
  /** Path of the file that it makes of `image`. */
  file(image: string): string;
}

/** One backup program; `state` is the folder that holds all it keeps: repository, keys and caches. */
export interface Program {
  readonly name: string;
  /** Said in the table. */
  readonly settings: string;
  /** @throws when it is not installed */
  version(): string;
  init(state: string): readonly Command[];
  backup(state: string, backup: Backup): Command;
  /** A new file with the content of the newest backup, which is called `label`. */
  restore(state: string, label: string, folder: string, options?: { readonly readBack: boolean }): Restore;
  /** Reads and decodes everything. */
  verify(state: string, label: string): Command;
  /** Folders and files that count as stored. */
  stored(state: string): readonly string[];
}

/** The name under which we appear everywhere. */
export const OURS = "holdfast";
