/** Does all that is due get its turn, whatever goes wrong with the points of policies, which come first? */
import { afterEach, beforeEach, expect, it } from "vitest";
import { DUE_SHARDS, dueKey } from "../../core/app/records/keys.ts";
import { isPoint } from "../../core/app/records/scheduled-runs.ts";
import { insertAt } from "../../core/app/records/tables.ts";
import { shardOf } from "../../core/app/time/due.ts";
import { settleDue } from "../../core/app/time/settle-due.ts";
import { tick } from "../../core/app/time/tick.ts";
import { createVaultHost } from "../support/vault-host.ts";

let host: ReturnType<typeof createVaultHost>;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const put = (shard: number, kind: string, name: string, body: object) =>
  host.records.write(insertAt({ key: dueKey(shard, host.services.now() - 1000, kind, name) }, body));

/** One vault that is gone in each shard: metering it removes its due work. */
async function metersInAllShards(): Promise<void> {
  const names = new Map<number, string>();
  for (let n = 0; names.size < DUE_SHARDS; n++) names.set(shardOf(`v${n}`), `v${n}`);
  for (const [shard, name] of names)
    await put(shard, "meter", name, { schema: 1, workflow: "meter", name, input: { hour: 0 } });
}
async function left(kind: string): Promise<number> {
  let count = 0;
  for (let shard = 0; shard < DUE_SHARDS; shard++) {
    const { items } = await host.records.query({ pk: dueKey(shard, 0, "", "").pk, limit: 1000, consistent: true });
    count += items.filter(({ sk }) => sk.includes(`#${kind}#`)).length;
  }
  return count;
}

it("points that take all the time they may, and come to nothing, leave the rest of the minute to everything else", async () => {
  await metersInAllShards();
  for (let n = 0; n < 400; n++)
    await put(n % DUE_SHARDS, "point", `p${n}#v`, { schema: 1, policyId: `p${n}`, vaultId: "v", nominal: 1 });
  let ahead = 0;
  const seen = { points: 0, others: 0 };
  const now = () => host.services.now() + ahead;
  const all = await settleDue({ ...host.services, now }, now(), async (item) => {
    // Each of them fails after half a second, one after the other: the minute is over with them.
    if (isPoint(item)) ahead += 500;
    seen[isPoint(item) ? "points" : "others"]++;
  });
  // Time is looked at before each group of 128: one may begin within the 30 seconds.
  expect(seen).toEqual({ points: 128, others: DUE_SHARDS });
  expect(all).toBe(false);
});

it("a point whose due work cannot be read costs nobody else the tick", async () => {
  await tick(host.services);
  await metersInAllShards();
  await put(7, "point", "p#v", { schema: 2 });
  expect(await tick(host.services)).toMatchObject({ failed: 1 });
  expect([await left("meter"), await left("point")]).toEqual([0, 1]);
});

it("more than the first walk keeps is read again, and each is looked at once", async () => {
  for (let n = 0; n < 1100; n++)
    await put(n % DUE_SHARDS, "expiry", `b${n}`, { schema: 1, workflow: "expiry", name: `b${n}`, input: {} });
  const seen: string[] = [];
  expect(await settleDue(host.services, host.services.now(), async ({ sk }) => void seen.push(sk))).toBe(true);
  expect(seen).toHaveLength(1100);
  expect(new Set(seen).size).toBe(1100);
});
