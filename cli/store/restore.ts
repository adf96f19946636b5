/** `holdfast store restore`. */
import { restoreBackup } from "../../local/store/restore.ts";
import { formatBytes } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { flag, onStore, print, remark } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  const begun = performance.now();
  const [id = "", target = ""] = call.args;
  await onStore(call, { threads: target !== "-", progress: true }, async ({ store, plane, watch }) => {
    const request = {
      id,
      target,
      overwrite: flag(call, "overwrite"),
      readBack: flag(call, "read-back"),
      output: target === "-" ? patientOutput() : process.stdout,
    };
    const done = await restoreBackup(store, plane, request, watch);
    const seconds = Number(((performance.now() - begun) / 1000).toFixed(3));
    const value = {
      id: done.id,
      target,
      size: done.size,
      written: done.written,
      read_back: done.readBack,
      seconds,
    };
    const words = `${done.id} restored to ${target}: ${formatBytes(done.size)} in ${seconds.toFixed(1)} s`;
    // Standard output is the disk itself.
    if (target !== "-") print(call, value, words);
    else if (flag(call, "json")) process.stderr.write(`${JSON.stringify({ event: "done", ...value })}\n`);
    else if (process.stderr.isTTY === true) remark(words);
  });
}

/**
 * Node writes to pipes at once and blocks the whole process while the reader sleeps, signals included
 * (nodejs.org/api/process.html, "A note on process I/O"): here it must wait without blocking.
 */
function patientOutput(): typeof process.stdout {
  const { _handle: handle } = process.stdout as { _handle?: { setBlocking?(blocking: boolean): unknown } };
  handle?.setBlocking?.(false);
  return process.stdout;
}
