/** How can this operating system tell who else has a file open? */
import { linuxProcesses } from "./linux-openers.ts";
import { lsofProcesses } from "./lsof-openers.ts";
import type { Processes } from "./openers.ts";
import { sharedLooks } from "./shared-looks.ts";

/** The best view that this operating system offers: /proc on Linux, lsof elsewhere. */
export function createProcesses(): Processes {
  return sharedLooks(process.platform === "linux" ? linuxProcesses() : lsofProcesses());
}
