/** Keeps made files in a folder that is named by their content: the same content is made once, and nobody ever sees half of it. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A file's name in the folder, and its bytes. `bootstrap` may be executed: Lambda starts it itself. */
export type KeptFiles = Readonly<Record<string, Uint8Array>>;

/** The folder below `cache` that holds exactly these files. Several processes may keep the same at once. */
export function keepFiles(cache: string, files: KeptFiles): string {
  const hash = createHash("sha256");
  for (const [name, bytes] of Object.entries(files)) hash.update(`${name}\0${bytes.byteLength}\0`).update(bytes);
  const folder = join(cache, hash.digest("hex").slice(0, 32));
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "tmp-"));
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(join(fresh, name), bytes, { mode: name === "bootstrap" ? 0o755 : 0o644, flush: true });
  // Who installs may be another user than who runs it.
  chmodSync(fresh, 0o755 & ~process.umask());
  try {
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true });
    // Another process was first; what it put there is the same.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
