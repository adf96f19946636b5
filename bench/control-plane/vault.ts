/** How long does a vault with as many resources as it may hold take to be shown? */
import { Agent, request } from "node:http";
import { join } from "node:path";
import { median, round } from "../engine/measure.ts";
import { addDisks, addVault } from "./disks.ts";
import { startService } from "./process.ts";

/** Milliseconds, medians. */
export interface VaultResult {
  readonly resources: number;
  /** From the request to the last byte of its answer. */
  readonly p50Ms: number;
  /** The same for a client that is Node's `fetch`, with what it does to unpack and parse the answer. */
  readonly fetchedMs: number;
  readonly peakMib: number;
}

const RESOURCES = 256;
const WARM = 50;
const ASKED = 300;

/** GET vault, one request after the other on one connection. */
export async function measureVault(work: string): Promise<VaultResult> {
  const service = await startService(join(work, "data"));
  const { api } = service;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const [last, ...most] = await addDisks(api, join(work, "disks"), RESOURCES);
    // A request that creates a vault may bind 255.
    const vaultId = await addVault(api, "full", most);
    await api.post(`/vaults/${vaultId}/addresources`, { resources: [last] });
    const path = `/vaults/${vaultId}`;
    const { vault } = await api.get<{ vault: { resources: object[] } }>(path);
    if (vault.resources.length !== RESOURCES) throw new Error(`${vault.resources.length} resources`);
    const { url, headers } = api.signed(path);
    return {
      resources: RESOURCES,
      p50Ms: await medianOf(() => download(agent, url, { ...headers, "Accept-Encoding": "gzip" })),
      fetchedMs: await medianOf(() => api.get(path)),
      peakMib: Math.round(service.rss().peak),
    };
  } finally {
    agent.destroy();
    await service.stop();
  }
}

async function medianOf(ask: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let i = -WARM; i < ASKED; i++) {
    const began = performance.now();
    await ask();
    if (i >= 0) taken.push(performance.now() - began);
  }
  return round(median(taken), 2);
}

/** Reads the answer to its end and drops it. @throws when it is none that says 200 */
const download = (agent: Agent, url: string, headers: Readonly<Record<string, string>>): Promise<void> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${url} answered ${answer.statusCode}`));
      answer.on("end", resolve).on("error", reject).resume();
    });
    asked.on("error", reject).end();
  });
