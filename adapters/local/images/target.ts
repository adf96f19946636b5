/** May this registered disk be overwritten now? */
import { type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import type { RegisteredDisk } from "./inventory-records.ts";
import { describeOpener, type Processes } from "./openers.ts";
import { IMAGE_PROVIDER } from "./references.ts";
import { FileTrouble, openRegular } from "./stamps.ts";

function refusal(disk: RegisteredDisk, size: number, error: unknown): unknown {
  if (!(error instanceof FileTrouble)) return error;
  const mending =
    error.kind === "missing" ? `: make an empty file of ${size} bytes first (truncate -s ${size} ${disk.path})` : "";
  return new TargetUnusable(`disk ${disk.id} (${disk.name}): ${error.message}${mending}`, { cause: error });
}

/**
 * Describes a disk as a target for `size` bytes. Anybody who has the file open is in the way, also a reader: it would
 * see a mixture of two states.
 * @throws TargetUnusable
 */
export async function checkTarget(disk: RegisteredDisk, size: number, processes: Processes): Promise<TargetRef> {
  const handle = await openRegular(disk.path, "write").catch((error: unknown) => {
    throw refusal(disk, size, error);
  });
  try {
    const found = await handle.stat({ bigint: true });
    if (Number(found.size) < size)
      throw new TargetUnusable(
        `disk ${disk.id} (${disk.name}): ${disk.path} has ${found.size} bytes, but ${size} are to be restored; ` +
          `enlarge it (truncate -s ${size} ${disk.path}) or choose a bigger disk`,
      );
    const { byFile } = await processes.openersOf([{ path: disk.path, dev: found.dev, ino: found.ino }]);
    const [opener] = byFile[0] ?? [];
    if (opener !== undefined)
      throw new TargetUnusable(
        `disk ${disk.id} (${disk.name}): ${describeOpener(opener)}: ${disk.path}; stop it before restoring`,
      );
    return {
      provider: IMAGE_PROVIDER,
      diskId: disk.id,
      mode: "overwrite",
      size: Number(found.size),
      detail: { path: disk.path, dev: `${found.dev}`, ino: `${found.ino}` },
    };
  } finally {
    await handle.close();
  }
}
