/** `holdfast store verify`. */
import { type Verified, verifyBackups } from "../../local/store/verify.ts";
import { CommandFailed, exitCodes } from "../failure.ts";
import { formatBytes } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { flag, onStore, print } from "./session.ts";

/** Something that is stored is not what was written. Exit code 3. */
class DamageFound extends CommandFailed {
  override readonly exitCode = exitCodes.damaged;
}

export async function run(call: StoreCall): Promise<void> {
  const begun = performance.now();
  await onStore(call, { threads: true, progress: true }, async ({ store, plane, watch }) => {
    const depth = flag(call, "quick") ? "presence" : "data";
    const found = await verifyBackups(store, plane, { ids: call.args, depth }, watch);
    const seconds = Number(((performance.now() - begun) / 1000).toFixed(3));
    print(call, { ...found, seconds }, wordsOf(found, seconds, depth));
    const { damaged } = found;
    if (damaged.length > 0)
      throw new DamageFound(`${damaged.length} ${damaged.length === 1 ? "object is" : "objects are"} damaged`);
  });
}

function wordsOf({ backups, checked, damaged, quarantined }: Verified, seconds: number, depth: string): string {
  const what = depth === "data" ? "read, decoded and compared" : "looked at";
  const lines = [
    `${backups} ${backups === 1 ? "backup" : "backups"}, ${formatBytes(checked)} of disk ${what} in ${seconds.toFixed(1)} s`,
  ];
  for (const { object, reason, hurts } of damaged)
    lines.push(`damaged: ${object}: ${reason}${hurts.length === 0 ? "" : `; hurts ${hurts.join(", ")}`}`);
  if (quarantined.length > 0)
    lines.push(
      `No new backup refers to the damaged packs: the next backup of each disk stores what they held once more.`,
    );
  if (damaged.length === 0) lines.push("everything is as it was written");
  return lines.join("\n");
}
