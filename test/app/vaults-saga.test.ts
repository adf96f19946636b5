/** Are hundreds of resources bound all or none, whoever races and wherever the process dies? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listVaults } from "../../core/app/lists/list-vaults.ts";
import { STAGED, stagedKey } from "../../core/app/records/keys.ts";
import type { Services } from "../../core/app/services.ts";
import { addResources } from "../../core/app/vaults/add-resources.ts";
import { createVault } from "../../core/app/vaults/create-vault.ts";
import { loadBindings } from "../../core/app/vaults/load-vault.ts";
import { showVault } from "../../core/app/vaults/show-vault.ts";
import type { Fault } from "../../core/domain/fault.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import { parseBody } from "../../functions/api/kit/fields.ts";
import { createVaultBody } from "../../functions/api/schemas/vaults.ts";
import {
  CALLER,
  createVaultHost,
  dyingStore,
  PROJECT,
  serverResource,
  type VaultHost,
  vaultBody,
} from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const TEN_MINUTES = 10 * 60_000;

function servers(count: number, disks: number, prefix = "s"): string[] {
  const ids = Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(3, "0")}`);
  for (const id of ids) host.resources.addServer(id, disks);
  return ids;
}
const asks = (ids: readonly string[], extraInfo = {}) => ids.map((id) => ({ id, type: "OS::Nova::Server", extraInfo }));
const create = (s: Services, ids: readonly string[]) => {
  const body = vaultBody({ resources: ids.map((id) => serverResource(id)) }, { object_type: "server" });
  return createVault(s, CALLER, parseBody(createVaultBody, body).draft);
};
const add = (s: Services, vaultId: string, ids: readonly string[], extraInfo = {}) =>
  addResources(s, CALLER, vaultId, asks(ids, extraInfo));
const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: Fault) => error.code ?? "died",
  );
const visible = async () => {
  const { rows } = await listVaults(host.services, PROJECT, { ids: [], resourceIds: [] }, { limit: 1000, offset: 0 });
  return rows.map(({ bindings }) => bindings.map((b) => b.resourceId));
};
async function writesOf(work: (s: Services) => Promise<unknown>): Promise<number> {
  let writes = 0;
  const { records } = host;
  const counting: RecordStore = {
    get: (...a) => records.get(...a),
    getMany: (...a) => records.getMany(...a),
    query: (...a) => records.query(...a),
    count: (...args) => records.count(...args),
    write: (w) => {
      writes++;
      return records.write(w);
    },
    transact: (all) => {
      writes++;
      return records.transact(all);
    },
  };
  await work(host.over(counting));
  return writes;
}

/** Mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe("a vault with more resources than a transaction takes (VLT-06)", () => {
  it("is created with 255 servers of 3 disks, every one of them claimed", async () => {
    const ids = servers(255, 3);
    const { bindings } = await create(host.services, ids);
    expect(bindings.map((b) => b.resourceId)).toEqual(ids);
    expect(bindings.every((b) => b.claimedDisks.length === 3)).toBe(true);
    for (const id of ["s000", "s128", "s254"]) expect(await outcome(create(host.services, [id]))).toBe("6103");
  });

  it("is not created when the last resource is refused, and nothing stays claimed", async () => {
    const ids = servers(60, 3);
    await create(host.services, [ids[59] ?? ""]);
    expect(await outcome(create(host.services, ids))).toBe("6103");
    expect(await visible()).toEqual([[ids[59]]]);
    expect(await outcome(create(host.services, ids.slice(0, 59)))).toBe("done");
  });

  it("is created once when two requests race for the same servers, and the loser leaves nothing (CCY-02)", async () => {
    const ids = servers(80, 2);
    const [left, right] = [ids.slice(0, 60), ids.slice(20, 80).reverse()];
    const outcomes = await Promise.all([outcome(create(host.services, left)), outcome(create(host.services, right))]);
    const winners = outcomes.filter((o) => o === "done").length;
    expect(winners).toBe(1);
    expect(await visible()).toHaveLength(winners);
    const bound = new Set((await visible()).flat());
    // Neither is kept waiting by what the loser tried.
    const free = ids.filter((id) => !bound.has(id));
    expect(await outcome(create(host.services, free))).toBe("done");
  });

  it("is created once in a race over a store with DynamoDB's bad manners", async () => {
    for (const seed of [1, 2, 3]) {
      const random = seeded(seed);
      const manners = {
        indexLagWrites: 20,
        conflictRate: 0.1,
        throttleRate: 0.05,
        staleReadRate: 0.5,
        shortPageRate: 0.3,
      };
      const rude = createVaultHost({ ...manners, random });
      const { services } = rude;
      const ids = Array.from({ length: 50 }, (_, i) => rude.resources.addServer(`s${100 + i}`, 2).id);
      const outcomes = await Promise.all([
        outcome(create(services, ids)),
        outcome(create(services, [...ids].reverse())),
        outcome(create(services, ids.slice(25, 26))),
      ]);
      expect(outcomes.filter((o) => o === "done")).toHaveLength(1);
      expect(outcomes.filter((o) => o === "6103")).toHaveLength(2);
      rude.close();
    }
  });

  it("is there wholly or not at all wherever the process dies, and its resources are free ten minutes later", async () => {
    const ids = servers(40, 2);
    const total = await writesOf((s) => create(s, ids));
    expect(total).toBeGreaterThan(3);
    for (const lost of [false, true])
      for (let writes = 0; writes < total; writes++) {
        host.close();
        host = createVaultHost();
        servers(40, 2);
        const dead = host.over(dyingStore(host.records, writes, { lost }));
        expect(await outcome(create(dead, ids))).toBe("died");
        const shown = await visible();
        const committed = lost && writes === total - 1;
        expect(shown).toEqual(committed ? [ids] : []);
        // In time the same request is refused or done, never half done; after ten minutes only a commit keeps it out.
        expect(["done", "6103"]).toContain(await outcome(create(host.services, ids.slice(0, 1))));
        host.clock.now += TEN_MINUTES + 1;
        if (committed) expect(await outcome(create(host.services, ids))).toBe("6103");
        else expect(await outcome(create(host.services, ids.slice(1)))).toBe("done");
      }
  });

  it("gives up when it slept so long that others took its resources, and takes nothing of theirs", async () => {
    const ids = servers(60, 2);
    let slept = false;
    const sleepy = host.over({
      ...host.records,
      transact: async (writes) => {
        await host.records.transact(writes);
        if (slept) return;
        slept = true;
        host.clock.now += TEN_MINUTES + 1;
        expect(await outcome(create(host.services, ids))).toBe("done");
      },
    });
    expect(await outcome(create(sleepy, ids))).toBe("9910");
    expect(await visible()).toEqual([ids]);
  });
});

describe("adding more resources than a transaction takes", () => {
  it("adds 255 servers of 3 disks to a vault that has one, and answers when all are seen", async () => {
    const ids = servers(256, 3);
    const { vault } = await create(host.services, ids.slice(0, 1));
    expect(await add(host.services, vault.id, ids.slice(1))).toEqual(ids.slice(1));
    expect(await visible()).toEqual([ids]);
    expect((await loadBindings(host.records, vault.id)).map((b) => b.resourceId)).toEqual(ids);
  });

  it("replaces the choice of disks of hundreds at once, and keeps what their backups use (VLT-25)", async () => {
    const ids = servers(60, 3);
    const { vault } = await create(host.services, ids);
    const extraInfo = { exclude_volumes: ids.map((id) => `${id}-d1`) };
    await add(host.services, vault.id, ids, extraInfo);
    const { bindings } = await showVault(host.services, PROJECT, vault.id);
    expect(bindings.every((b) => b.extraInfo.exclude_volumes?.length === 60)).toBe(true);
    expect(bindings.every((b) => b.claimedDisks.length === 3)).toBe(true);
  });

  it("adds nothing when one of them is refused", async () => {
    const ids = servers(61, 3);
    await create(host.services, ids.slice(60));
    const { vault } = await create(host.services, ids.slice(0, 1));
    expect(await outcome(add(host.services, vault.id, ids.slice(1)))).toBe("6103");
    expect((await visible()).map((one) => one.length)).toEqual([1, 1]);
    expect(await outcome(add(host.services, vault.id, ids.slice(1, 60)))).toBe("done");
  });

  it("shows all or none wherever the process dies, to readers who know nothing of it too", async () => {
    const fresh = async () => {
      host.close();
      host = createVaultHost();
      const ids = servers(13, 12);
      const { vault } = await create(host.services, ids.slice(0, 2));
      return { ids, vaultId: vault.id };
    };
    const first = await fresh();
    // The second server is bound already: its choice of disks changes with the same commit.
    const total = await writesOf((s) => add(s, first.vaultId, first.ids.slice(1), { exclude_volumes: ["x"] }));
    const seen = new Set<number>();
    for (const lost of [false, true])
      for (let writes = 0; writes < total; writes++) {
        const { ids, vaultId } = await fresh();
        const dead = host.over(dyingStore(host.records, writes, { lost }));
        expect(await outcome(add(dead, vaultId, ids.slice(1), { exclude_volumes: ["x"] }))).toBe("died");
        // Readers that look only at bindings in their place see some of a committed request, never one of an uncommitted.
        const raw = await loadBindings(host.records, vaultId);
        const { bindings } = await showVault(host.services, PROJECT, vaultId);
        const updated = bindings.find((b) => b.resourceId === ids[1])?.extraInfo.exclude_volumes !== undefined;
        seen.add(bindings.length);
        expect(bindings.length === 13 ? updated : !updated && bindings.length === 2 && raw.length === 2).toBe(true);
        host.clock.now += TEN_MINUTES + 1;
        // Whoever looks at the vault then clears away what was left.
        await showVault(host.services, PROJECT, vaultId);
        const left = await host.records.query({ pk: stagedKey(vaultId, "").pk, sk: { prefix: STAGED }, limit: 1 });
        expect(left.items).toEqual([]);
        expect(await outcome(add(host.services, vaultId, ids.slice(1)))).toBe("done");
        expect(await visible()).toEqual([ids]);
      }
    expect(seen).toEqual(new Set([2, 13]));
  });
});
