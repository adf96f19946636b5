/** Does the first page of a list take longer with a million backups than with a thousand? */
import { join } from "node:path";
import type { ApiClient } from "../../test/support/api-client.ts";
import { median, round, say } from "../engine/measure.ts";
import { type Running, startService } from "./process.ts";
import { putBackups, seed } from "./seed.ts";

/** Milliseconds, medians, of the first page (100 rows) of the list; MiB. */
export interface ListsResult {
  readonly few: { readonly backups: number } & Pages;
  readonly many: { readonly backups: number } & Pages;
  /** The slowest of the three with many, of the same with few. */
  readonly ratio: number;
  readonly peakMib: number;
}
interface Pages {
  readonly all: number;
  readonly ofVault: number;
  readonly ofResource: number;
}

const FEW = 1_000;
const MANY = 1_000_000;
const ASKED = 60;

/** Two folders, asked in turn. */
export async function measureLists(work: string): Promise<ListsResult> {
  const few = await world(join(work, "few"), FEW);
  const many = await world(join(work, "many"), MANY);
  try {
    const samples = { few: emptyPages(), many: emptyPages() };
    for (let i = -5; i < ASKED; i++) {
      for (const [name, { running, vaultId }] of Object.entries({ few, many }) as ["few" | "many", World][]) {
        const taken = await ask(running.api, vaultId);
        // The first ones warm up.
        if (i >= 0) for (const key of ["all", "ofVault", "ofResource"] as const) samples[name][key].push(taken[key]);
      }
    }
    const pages = (of: Record<keyof Pages, number[]>): Pages => ({
      all: round(median(of.all), 2),
      ofVault: round(median(of.ofVault), 2),
      ofResource: round(median(of.ofResource), 2),
    });
    const [a, b] = [pages(samples.few), pages(samples.many)];
    return {
      few: { backups: FEW, ...a },
      many: { backups: MANY, ...b },
      ratio: round(Math.max(b.all / a.all, b.ofVault / a.ofVault, b.ofResource / a.ofResource), 3),
      peakMib: Math.round(many.running.rss().peak),
    };
  } finally {
    await few.running.stop();
    await many.running.stop();
  }
}

const emptyPages = (): Record<keyof Pages, number[]> => ({ all: [], ofVault: [], ofResource: [] });

interface World {
  readonly running: Running;
  readonly vaultId: string;
}

async function world(data: string, count: number): Promise<World> {
  const first = await startService(data);
  const billing = { object_type: "disk", protect_type: "backup", size: 100 };
  const vaultIds: string[] = [];
  for (const name of ["one", "two"]) {
    const made = await first.api.post<{ vault: { id: string } }>("/vaults", {
      vault: { name, billing, resources: [] },
    });
    vaultIds.push(made.vault.id);
  }
  await first.stop();
  await seed(data, (records) => putBackups(records, first.credentials.project_id, vaultIds, count));
  say(`${count} backups are in place`);
  return { running: await startService(data), vaultId: vaultIds[0] ?? "" };
}

/** Fewer rows than there are in the smallest partition, so that both worlds answer the same. */
const PAGE = 100;

async function ask(api: ApiClient, vaultId: string): Promise<Pages> {
  const timed = async (query: string): Promise<number> => {
    const began = performance.now();
    const { backups } = await api.get<{ backups: object[] }>(`/backups?limit=${PAGE}${query}`);
    if (backups.length !== PAGE) throw new Error(`${backups.length} rows instead of ${PAGE}`);
    return performance.now() - began;
  };
  return {
    all: await timed(""),
    ofVault: await timed(`&vault_id=${vaultId}`),
    ofResource: await timed("&resource_id=resource-1"),
  };
}
