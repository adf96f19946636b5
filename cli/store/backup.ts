/** `holdfast store backup`. */
import { makeBackup } from "../../local/store/backup.ts";
import { formatBytes } from "../text.ts";
import { programVersion } from "../version.ts";
import type { StoreCall } from "./call.ts";
import { number, onStore, print, text } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  const begun = performance.now();
  await onStore(call, { threads: true, progress: true }, async ({ store, plane, watch }) => {
    const request = {
      source: call.args[0] ?? "",
      name: text(call, "name"),
      parent: text(call, "parent"),
      changed: text(call, "changed"),
      bitmap: text(call, "bitmap"),
      level: number(call, "level") ?? 1,
      version: programVersion(),
    };
    const { id, name, size, counts, parent } = await makeBackup(store, plane, request, watch);
    const { read, changed, stored } = counts;
    const seconds = (performance.now() - begun) / 1000;
    print(
      call,
      { id, name, parent: parent ?? null, size, read, changed, stored, seconds: Number(seconds.toFixed(3)) },
      `${id}  ${formatBytes(size)}, read ${formatBytes(read)}, changed ${formatBytes(changed)}, stored ${formatBytes(stored)}, ${seconds.toFixed(1)} s`,
    );
  });
}
