/** A process that puts objects until it is killed, and prints each name (it ends with the hash) once acknowledged. */
import { createHash, randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { createFolderObjectStore } from "../../../../adapters/local/folder-objects.ts";

const [folder = "", round = ""] = process.argv.slice(2);
const store = createFolderObjectStore({ folder, reserveBytes: 0 });

async function put(lane: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const bytes = randomBytes(100_000 + i * 1000);
    const name = `packs/${round}-${lane % 2}/${createHash("sha256").update(bytes).digest("hex")}`;
    await store.putIfAbsent(name, bytes);
    writeSync(1, `${name}\n`);
  }
}

await Promise.all(Array.from({ length: 4 }, (_, lane) => put(lane)));
// Killed long before; ending by itself would make the test wait for a signal that never came.
setInterval(() => undefined, 1000);
