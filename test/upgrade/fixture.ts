/** What test/fixtures/data-folder-v1 holds, and what its disks held. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

export const FIXTURE = fileURLToPath(new URL("../fixtures/data-folder-v1", import.meta.url));

/** Where the disks stood when the folder was written; a test puts its own place instead. */
export const DISKS = "/tmp/holdfast-fixture";

const BLOCK = 512 * 1024;
/** Bytes of every disk: two blocks and a half. */
const SIZE = 2 * BLOCK + BLOCK / 2;

/** A disk's content: a text in every block but the second, which is empty, and `version` in the first. */
export function contentOf(name: string, version: number): Buffer {
  const bytes = Buffer.alloc(SIZE);
  bytes.fill(`${name} `, 0, BLOCK);
  bytes.write(`version ${version}`, 4096);
  bytes.fill(`${name}, the end `, 2 * BLOCK);
  return bytes;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** facts.json: what the service that wrote the folder said of it. */
export interface FixtureFacts {
  /** The commit that wrote it. */
  readonly commit: string;
  readonly disks: Readonly<Record<"data" | "system", string>>;
  readonly server: string;
  readonly vaults: Readonly<Record<"disks" | "servers", string>>;
  /** In the order in which they were made. `of`: name of the disk; `version`: of its content. */
  readonly backups: readonly {
    readonly id: string;
    readonly name: string;
    readonly of: "data" | "system";
    readonly version: number;
    readonly used: number;
  }[];
  /** A backup that was made and deleted again. */
  readonly deleted: string;
  readonly tasks: number;
}
