/** How long does a vault with as many resources as it may hold take to be shown? */
import { join } from "node:path";
import { median, round } from "../engine/measure.ts";
import { addDisks, addVault } from "./disks.ts";
import { startService } from "./process.ts";

/** Milliseconds, median. */
export interface VaultResult {
  readonly resources: number;
  readonly p50Ms: number;
  readonly peakMib: number;
}

const RESOURCES = 256;
const ASKED = 300;

/** GET vault, one request after the other on one connection. */
export async function measureVault(work: string): Promise<VaultResult> {
  const service = await startService(join(work, "data"));
  const { api } = service;
  try {
    const [last, ...most] = await addDisks(api, join(work, "disks"), RESOURCES);
    // A request that creates a vault may bind 255.
    const vaultId = await addVault(api, "full", most);
    await api.post(`/vaults/${vaultId}/addresources`, { resources: [last] });
    const taken: number[] = [];
    for (let i = -50; i < ASKED; i++) {
      const began = performance.now();
      const { vault } = await api.get<{ vault: { resources: object[] } }>(`/vaults/${vaultId}`);
      if (vault.resources.length !== RESOURCES) throw new Error(`${vault.resources.length} resources`);
      if (i >= 0) taken.push(performance.now() - began);
    }
    return { resources: RESOURCES, p50Ms: round(median(taken), 2), peakMib: Math.round(service.rss().peak) };
  } finally {
    await service.stop();
  }
}
