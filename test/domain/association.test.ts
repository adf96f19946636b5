/** Does the right vault take the right resource by itself? (ABD-02..08) */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AssociatingVault, associate, type Candidate, hasRoom, wants } from "../../core/domain/association.ts";

const vault = (id: string, change: Partial<AssociatingVault> = {}): AssociatingVault => ({
  id,
  objectType: "server",
  size: 800,
  allocated: 0,
  bound: 0,
  rules: [],
  next: 1,
  ...change,
});
const server = (id: string, change: Partial<Candidate> = {}): Candidate => ({
  id,
  type: "OS::Nova::Server",
  size: 10,
  tags: [],
  ...change,
});
const taken = (candidates: readonly Candidate[], vaults: readonly AssociatingVault[]) =>
  Object.fromEntries(associate(candidates, vaults).taken);

describe("automatic association", () => {
  it("ABD-02: a vault whose policy never fires takes nothing", () => {
    const { taken, unplaced } = associate([server("s")], [vault("v", { next: undefined })]);
    expect([taken.size, unplaced]).toEqual([0, []]);
  });

  it.each<[string, Partial<AssociatingVault>, Partial<Candidate>, boolean]>([
    ["no rules: every resource of the type", {}, {}, true],
    ["another type", {}, { type: "OS::Cinder::Volume" }, false],
    [
      "one of several tags",
      {
        rules: [
          { key: "a", value: "1" },
          { key: "b", value: "2" },
        ],
      },
      { tags: [{ key: "b", value: "2" }] },
      true,
    ],
    ["the key with another value", { rules: [{ key: "a", value: "1" }] }, { tags: [{ key: "a", value: "2" }] }, false],
    ["an empty value is a value", { rules: [{ key: "a", value: "" }] }, { tags: [{ key: "a", value: "2" }] }, false],
    ["no tags at all", { rules: [{ key: "a", value: "1" }] }, {}, false],
  ])("ABD-04: %s", (_, of, candidate, wanted) => {
    expect(wants(vault("v", of), server("s", candidate))).toBe(wanted);
  });

  it.each<[string, Partial<AssociatingVault>, number, boolean]>([
    ["the published example: 800 GB, two servers of 100 GB bound", { size: 800, allocated: 200, bound: 2 }, 100, true],
    ["exactly 40 GB remain", { size: 240, allocated: 200 }, 10, false],
    ["41 GB remain", { size: 241, allocated: 200 }, 10, true],
    ["as much remains as the resource has", { size: 300, allocated: 200 }, 100, false],
    ["less remains than is bound, yet more than the resource has (B-11)", { size: 800, allocated: 600 }, 100, true],
    ["more is bound than bought", { size: 100, allocated: 900 }, 1, false],
  ])("ABD-05: %s", (_, of, size, room) => {
    expect(hasRoom(vault("v", of), server("s", { size }))).toBe(room);
  });

  it("ABD-06: the vault that fires next takes it, then the one after; at equal points one of them", () => {
    const late = vault("a", { next: 2 });
    const next = vault("b", { next: 1, size: 60 });
    expect(taken([server("s1"), server("s2"), server("s3")], [late, next])).toEqual({ b: ["s1", "s2"], a: ["s3"] });
    expect(taken([server("s")], [vault("y"), vault("x")])).toEqual({ x: ["s"] });
  });

  it("ABD-07: what every willing vault is too full for is told; what no vault wants is not", () => {
    const full = vault("v", { size: 40 });
    const other = server("d", { type: "OS::Cinder::Volume" });
    expect(associate([server("s"), other], [full]).unplaced).toEqual(["s"]);
  });

  it("ABD-08: a vault never holds more than 256", () => {
    const many = Array.from({ length: 300 }, (_, i) => server(`s${i}`, { size: 1 }));
    const { taken, unplaced } = associate(many, [vault("v", { size: 10_000, bound: 6 })]);
    expect([taken.get("v")?.length, unplaced.length]).toEqual([250, 50]);
  });

  it("places every wanted resource once or tells of it, and never beyond a vault's room", () => {
    const someVault = fc.record({
      id: fc.constantFrom("a", "b", "c", "d"),
      size: fc.nat(400),
      allocated: fc.nat(200),
      next: fc.option(fc.nat(3), { nil: undefined }),
    });
    const vaultsOf = fc.uniqueArray(someVault, { selector: ({ id }) => id, maxLength: 4 });
    const sizes = fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 20 });
    fc.assert(
      fc.property(vaultsOf, sizes, (some, all) => {
        const vaults = some.map((one) => vault(one.id, one));
        const candidates = all.map((size, i) => server(`s${i}`, { size }));
        const { taken, unplaced } = associate(candidates, vaults);
        const placed = [...taken.values()].flat();
        const willing = vaults.some(({ next }) => next !== undefined);
        expect([...placed, ...unplaced].sort()).toEqual(willing ? candidates.map(({ id }) => id).sort() : []);
        for (const { id, size, allocated, next } of vaults) {
          const own = taken.get(id) ?? [];
          const sum = own.reduce((total, one) => total + (all[Number(one.slice(1))] ?? 0), allocated);
          if (own.length > 0) expect(next).toBeDefined();
          if (own.length > 0) expect(sum).toBeLessThan(size);
        }
      }),
    );
  });
});
