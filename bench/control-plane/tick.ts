/** How long does a tick take that has a thousand points to fire, among a hundred thousand policies? */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { round, say } from "../engine/measure.ts";
import { addDisks, addVault } from "./disks.ts";
import { startService } from "./process.ts";
import { comeBy, putPolicies, seed } from "./seed.ts";

export interface TickResult {
  readonly policies: number;
  readonly due: number;
  /** Until all of them are recorded: runs, ledger rows, next points. They start after it. */
  readonly seconds: number;
  /** MiB, a minute later, while the runs that it started do their work. */
  readonly peakMib: number;
}

const POLICIES = 100_000;
const DUE = 1_000;

/** The first tick of a service whose thousand vaults came due while it was stopped. */
export async function measureTick(work: string): Promise<TickResult> {
  const data = join(work, "data");
  const first = await startService(data);
  const disks = await addDisks(first.api, join(work, "disks"), DUE);
  const vaultIds: string[] = [];
  for (const [i, disk] of disks.entries()) vaultIds.push(await addVault(first.api, `vault-${i}`, [disk]));
  await first.stop();
  const nominal = comeBy(vaultIds, Date.now());
  const { project_id: projectId } = first.credentials;
  await seed(data, (records) => putPolicies(records, { projectId, vaultIds, nominal }, POLICIES - DUE));
  say(`${POLICIES} policies are in place`);
  const service = await startService(data);
  try {
    const line = await service.line(({ text, runs }) => text === "runs recorded" && Number(runs) >= DUE);
    await sleep(60_000);
    return {
      ...{ policies: POLICIES, due: DUE },
      seconds: round(Number(line.ms) / 1000, 2),
      peakMib: Math.round(service.rss().peak),
    };
  } finally {
    await service.stop();
  }
}
