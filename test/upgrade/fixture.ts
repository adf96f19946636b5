/** What test/fixtures/data-folder-v1 holds, and what its disks held. */
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { prepareRows, toItem } from "../../adapters/local/sqlite/rows.ts";
import type { Item } from "../../core/ports/record-store.ts";

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

export const facts = (): FixtureFacts => JSON.parse(readFileSync(join(FIXTURE, "facts.json"), "utf8")) as FixtureFacts;

export interface FixtureCopy {
  /** The data folder. */
  readonly data: string;
  /** Path of a disk's image. */
  disk(name: "data" | "system"): string;
  remove(): void;
}

/** A copy to work on, with its disks as they were last: the restored one, and the server's. */
export function copyFixture(): FixtureCopy {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-upgrade-"));
  const data = join(folder, "data");
  cpSync(join(FIXTURE, "data"), data, { recursive: true });
  // A checkout keeps no folder that is empty.
  for (const name of ["tmp", "trash"]) mkdirSync(join(data, "objects", name), { recursive: true });
  // Nor who may read a file.
  for (const secret of ["key", "credentials.json", "records.sqlite"]) chmodSync(join(data, secret), 0o600);
  const disk = (name: string) => join(folder, `${name}.img`);
  for (const name of ["data", "system"]) writeFileSync(disk(name), contentOf(name, 1));
  // The disks stand elsewhere than on the machine that wrote the folder: nothing else of it is changed.
  const db = new DatabaseSync(join(data, "records.sqlite"));
  for (const name of ["data", "system"])
    db.prepare("UPDATE items SET body = replace(body, ?, ?) WHERE pk = 'INV'").run(`${DISKS}/${name}`, disk(name));
  db.close();
  return { data, disk, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Every record of a data folder, as its store would give them, in the order of their keys. */
export function itemsOf(data: string): Item[] {
  const db = new DatabaseSync(join(data, "records.sqlite"), { readOnly: true });
  const items = [...prepareRows(db, "ORDER BY pk, sk").iterate()].map(toItem);
  db.close();
  return items;
}
