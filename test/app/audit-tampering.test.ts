/** Whatever is changed, removed or added in a sealed trail is found, and named. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AUDIT_HEADS,
  auditHeadKey,
  auditPk,
  BATCHES,
  batchKey,
  SEALED_HOURS,
  sealedHourKey,
  traceIdOf,
} from "../../core/app/records/audit.ts";
import type { Item, JsonObject, JsonValue } from "../../core/ports/record-store.ts";
import { type AuditWorld, createAuditWorld } from "../support/audit-world.ts";
import { PROJECT } from "../support/vault-host.ts";

let world: AuditWorld;
let sealed: Item[];
beforeAll(async () => {
  world = createAuditWorld();
  await world.vaults("a", "b", "c", "d");
  await world.seal();
  await world.vaults("e", "f", "g");
  await world.seal();
  await world.seal();
  await world.vaults("h", "i");
  await world.seal();
  sealed = await world.items();
});
afterAll(() => world.close());

const isTrace = ({ pk }: Item): boolean => /#[0-3]$/.test(pk);
const isList = ({ pk }: Item): boolean => pk.endsWith("#L");
const hourIn = ({ pk }: Item): string => pk.split("#")[2] ?? "";
const inTrail = (prefix: string) => (item: Item) => item.pk === auditPk(PROJECT) && item.sk.startsWith(prefix);

/** Tampers, verifies, and puts everything back. */
async function found(tamper: () => Promise<void>) {
  try {
    await tamper();
    const { findings } = await world.verify();
    return findings;
  } finally {
    await world.restore(sealed);
  }
}
const put = (item: Item) => world.host.records.write({ op: "put", item, if: "any" });
const remove = ({ pk, sk }: Item) => world.host.records.write({ op: "delete", key: { pk, sk }, if: "any" });

/** Another body: one value of it changed, one left out or one more. */
function otherBody(body: JsonObject, which: number, how: number): JsonObject {
  const names = Object.keys(body);
  const name = names[which % names.length] ?? "";
  const { [name]: value, ...rest } = body;
  if (how === 0) return rest;
  if (how === 1) return { ...body, more: which };
  return { ...body, [name]: other(value as JsonValue) };
}
function other(value: JsonValue): JsonValue {
  if (typeof value === "string") return `${value}x`;
  if (typeof value === "number") return value + 1;
  if (Array.isArray(value)) return value.slice(1);
  return { ...(value as JsonObject), tampered: true };
}
const pick = fc.nat();
const how = fc.nat(2);
const one = (items: readonly Item[], n: number): Item => {
  const item = items[n % items.length];
  if (item === undefined) throw new Error("nothing to tamper with");
  return item;
};

it("what nobody touched is sound", async () => {
  expect(await world.verify()).toMatchObject({ batches: 4, traces: 9, findings: [], remarks: [], last: { number: 4 } });
});

describe("of traces", () => {
  it("any one that is changed is found and named with its hour, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(pick, pick, how, async (n, which, kind) => {
        const trace = one(sealed.filter(isTrace), n);
        const findings = await found(() => put({ ...trace, body: otherBody(trace.body, which, kind) }));
        const named = { hour: hourIn(trace), traceId: traceIdOf(trace.sk), what: "this trace was changed" };
        expect(findings).toEqual([expect.objectContaining(named)]);
      }),
      { numRuns: 40 },
    );
  });

  it("any one that is removed, or made to expire, is found and named with its hour", async () => {
    await fc.assert(
      fc.asyncProperty(pick, fc.boolean(), async (n, expired) => {
        const trace = one(sealed.filter(isTrace), n);
        const findings = await found(() => (expired ? put({ ...trace, ttl: 1 }) : remove(trace)));
        const named = { hour: hourIn(trace), traceId: traceIdOf(trace.sk), what: "this trace was removed" };
        expect(findings).toEqual([expect.objectContaining(named)]);
      }),
      { numRuns: 20 },
    );
  });

  it("any one that is added, in a shard, a second time or in an empty hour, is found and named with its hour", async () => {
    await fc.assert(
      fc.asyncProperty(
        pick,
        fc.nat(3),
        fc.boolean(),
        fc.constantFrom("03", "04", "05", "06"),
        async (n, shard, twin, hour) => {
          const trace = one(sealed.filter(isTrace), n);
          const pk = `${auditPk(PROJECT)}#2030-01-02T${hour}#${shard}`;
          const sk = twin ? trace.sk : `2030-01-02T${hour}:00:00.000Z#1893553200000-added`;
          fc.pre(pk !== trace.pk || !twin);
          const findings = await found(() => put({ ...trace, pk, sk }));
          const named = { hour: `2030-01-02T${hour}`, traceId: traceIdOf(sk), what: "this trace was added" };
          expect(findings).toEqual([expect.objectContaining(named)]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("one that is moved to another hour is found in both", async () => {
    const trace = one(sealed.filter(isTrace), 0);
    const findings = await found(async () => {
      await remove(trace);
      await put({ ...trace, pk: trace.pk.replace("T03", "T04") });
    });
    expect(findings.map(({ hour, what }) => [hour, what])).toEqual([
      ["2030-01-02T03", "this trace was removed"],
      ["2030-01-02T04", "this trace was added"],
    ]);
  });

  it("any one that is changed together with the list of what was sealed is found with its hour", async () => {
    await fc.assert(
      fc.asyncProperty(pick, pick, how, async (n, which, kind) => {
        const trace = one(sealed.filter(isTrace), n);
        const list = one(
          sealed.filter((item) => isList(item) && hourIn(item) === hourIn(trace)),
          0,
        );
        const findings = await found(async () => {
          await put({ ...trace, body: otherBody(trace.body, which, kind) });
          await remove(list);
        });
        expect(findings.map(({ hour }) => hour)).toContain(hourIn(trace));
      }),
      { numRuns: 20 },
    );
  });
});

describe("of batches and what leads to them", () => {
  const batches = () => sealed.filter(inTrail(BATCHES));
  const labelOf = (item: Item): string => String(item.body.label);

  it("any batch that is changed in any way is found and named with its hour", async () => {
    await fc.assert(
      fc.asyncProperty(pick, pick, how, async (n, which, kind) => {
        const batch = one(batches(), n);
        // What no schema knows is no part of the batch.
        fc.pre(kind !== 1);
        const findings = await found(() => put({ ...batch, body: otherBody(batch.body, which, kind) }));
        expect(findings).toEqual([
          expect.objectContaining({
            batch: Number(batch.body.number),
            hour: labelOf(batch),
            what: "the batch was changed",
          }),
        ]);
      }),
      { numRuns: 40 },
    );
  });

  it("any batch that is removed is found and named with its hour", async () => {
    for (const batch of batches()) {
      const findings = await found(() => remove(batch));
      expect(findings).toContainEqual(
        expect.objectContaining({
          batch: Number(batch.body.number),
          hour: labelOf(batch),
          what: "the batch was removed",
        }),
      );
    }
  });

  it("two batches that change places are both found", async () => {
    const [first, second] = [one(batches(), 0), one(batches(), 1)];
    const findings = await found(async () => {
      await put({ ...first, body: second.body });
      await put({ ...second, body: first.body });
    });
    expect(findings.map(({ batch }) => batch)).toEqual([1, 2]);
  });

  it("a batch that somebody made without the key is found", async () => {
    const last = one(batches(), 3);
    const findings = await found(() =>
      put({ ...last, ...batchKey(PROJECT, 5), body: { ...last.body, number: 5, previous: "f".repeat(64) } }),
    );
    expect(findings).toContainEqual(expect.objectContaining({ batch: 5, what: "the batch was changed" }));
  });

  it("any list of what was sealed that is changed or removed is found with its hour; the traces are not accused", async () => {
    for (const list of sealed.filter(isList))
      for (const kind of [0, 2]) {
        const findings = await found(() => put({ ...list, body: otherBody(list.body, 1, kind) }));
        const what = "the list of what was sealed in this hour was changed";
        expect(findings).toEqual([{ batch: expect.any(Number), hour: hourIn(list), what }]);
      }
  });

  it("any entry that leads to an hour is found when it is changed, removed or added", async () => {
    for (const entry of sealed.filter(inTrail(SEALED_HOURS))) {
      const hour = String(entry.body.label);
      expect(await found(() => remove(entry))).toContainEqual(expect.objectContaining({ hour }));
      for (const which of [1, 2, 3])
        expect(await found(() => put({ ...entry, body: otherBody(entry.body, which, 2) }))).toContainEqual(
          expect.objectContaining({ hour }),
        );
    }
    const entry = one(sealed.filter(inTrail(SEALED_HOURS)), 0);
    const body = { ...entry.body, label: "2030-01-02T01", number: 9 };
    expect(await found(() => put({ ...entry, ...sealedHourKey(PROJECT, "2030-01-02T01"), body }))).toEqual([
      expect.objectContaining({ hour: "2030-01-02T01", batch: 9 }),
    ]);
  });
});

describe("of the end", () => {
  const head = () =>
    one(
      sealed.filter(({ pk, sk }) => pk === AUDIT_HEADS.pk && sk === auditHeadKey(PROJECT).sk),
      0,
    );

  it("is found when it is removed, set back, set forward or given another hash", async () => {
    for (const change of [{ number: 3 }, { number: 6 }, { hash: "f".repeat(64) }, { number: "x" }])
      expect(await found(() => put({ ...head(), body: { ...head().body, ...change } }))).not.toEqual([]);
    expect(await found(() => remove(head()))).toEqual([
      expect.objectContaining({ batch: 4, what: "the end of the chain was changed or removed" }),
    ]);
  });

  it("a chain that was cut is too short for its end, and for its entries when the end is set back as well", async () => {
    const last = one(sealed.filter(inTrail(BATCHES)), 3);
    const before = one(sealed.filter(inTrail(BATCHES)), 2);
    const findings = await found(async () => {
      await remove(last);
      await put({ ...head(), body: { ...head().body, number: 3, hash: String(last.body.previous) } });
    });
    expect(before.body.number).toBe(3);
    expect(findings).toEqual([expect.objectContaining({ batch: 4, hour: String(last.body.label) })]);
  });

  it("a tick seals nothing behind an end that was set back, and says so", async () => {
    const before = world.host.clock.now;
    const findings = await found(async () => {
      await put({ ...head(), body: { ...head().body, number: 3, lastHour: "2030-01-02T05" } });
      await world.seal();
    });
    world.host.clock.now = before;
    expect(findings.length).toBeGreaterThan(0);
    expect(world.lines.at(-1)).toMatchObject({ level: "error", text: "audit trail not sealed" });
  });
});
