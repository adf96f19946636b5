/** How long does a service with many backups take until it answers again? */
import { join } from "node:path";
import { median, round } from "../engine/measure.ts";
import { addVault } from "./disks.ts";
import { startService } from "./process.ts";
import { putBackups, seed } from "./seed.ts";

export interface RestartResult {
  readonly backups: number;
  /** Seconds from the start of the process to the first list of backups; each round. */
  readonly seconds: readonly number[];
  readonly median: number;
  readonly peakMib: number;
}

const BACKUPS = 100_000;
const ROUNDS = 5;

/** From the start of the process until it has answered a list. */
export async function measureRestart(work: string): Promise<RestartResult> {
  const data = join(work, "data");
  const first = await startService(data);
  const vaultId = await addVault(first.api, "one", []);
  await first.stop();
  await seed(data, (records) => putBackups(records, first.credentials.project_id, [vaultId], BACKUPS));
  const seconds: number[] = [];
  let peakMib = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const began = performance.now();
    const service = await startService(data);
    const { count } = await service.api.get<{ count: number }>("/backups?limit=10");
    if (count !== BACKUPS) throw new Error(`${count} backups instead of ${BACKUPS}`);
    seconds.push(round((performance.now() - began) / 1000, 2));
    peakMib = Math.max(peakMib, Math.round(service.rss().peak));
    await service.stop();
  }
  return { backups: BACKUPS, seconds, median: median(seconds), peakMib };
}
