/** How many vaults a second are created, each on the disk before it is answered? */
import { join } from "node:path";
import { round } from "../engine/measure.ts";
import { addVault } from "./disks.ts";
import { startService } from "./process.ts";

export interface CreateResult {
  readonly clients: number;
  readonly vaults: number;
  readonly perSecond: number;
  readonly peakMib: number;
}

const CLIENTS = 16;
const VAULTS = 3_000;
const WARM = 500;

/** Clients that each send their next request when the last one was answered. */
export async function measureCreate(work: string): Promise<CreateResult> {
  const service = await startService(join(work, "data"));
  try {
    const createAll = async (count: number): Promise<void> => {
      let left = count;
      const client = async (): Promise<void> => {
        while (left-- > 0) await addVault(service.api, `vault-${left}`, []);
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
    };
    await createAll(WARM);
    const began = performance.now();
    await createAll(VAULTS);
    const seconds = (performance.now() - began) / 1000;
    const peakMib = Math.round(service.rss().peak);
    return { clients: CLIENTS, vaults: VAULTS, perSecond: round(VAULTS / seconds, 0), peakMib };
  } finally {
    await service.stop();
  }
}
