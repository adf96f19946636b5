/** Do roots and hashes stand for exactly what was sealed? */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchHash, type Leaf, leafOf, merkleRoot } from "../../core/app/audit/hashes.ts";
import type { JsonObject } from "../../core/ports/record-store.ts";

const sha = (...parts: (string | Buffer)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const node = (left: string, right: string): string => sha("\x01", Buffer.from(left, "hex"), Buffer.from(right, "hex"));
const leaf = (n: number): Leaf => [`t#${n}`, sha("\0", String(n))];
const leaves = (count: number): Leaf[] => Array.from({ length: count }, (_, n) => leaf(n));
const h = (n: number): string => leaf(n)[1];

describe("the Merkle root", () => {
  it("is that of RFC 9162 §2.1.1, for its sizes of trees", () => {
    expect(merkleRoot([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(merkleRoot(leaves(1))).toBe(h(0));
    expect(merkleRoot(leaves(2))).toBe(node(h(0), h(1)));
    expect(merkleRoot(leaves(3))).toBe(node(node(h(0), h(1)), h(2)));
    const four = node(node(h(0), h(1)), node(h(2), h(3)));
    expect(merkleRoot(leaves(7))).toBe(node(four, node(node(h(4), h(5)), h(6))));
  });

  it("differs when any leaf is changed, left out, added or moved", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), (count, a, b) => {
        const all = leaves(count);
        const [i, j] = [a % count, b % count];
        const changed = all.with(i, leaf(count + 1));
        const others = [
          changed,
          all.toSpliced(i, 1),
          all.toSpliced(i, 0, leaf(count + 1)),
          [...all, all[i] ?? leaf(0)],
        ];
        if (i !== j) others.push(all.with(i, all[j] ?? leaf(0)).with(j, all[i] ?? leaf(0)));
        for (const other of others) expect(merkleRoot(other)).not.toBe(merkleRoot(all));
      }),
      { numRuns: 50 },
    );
  });
});

describe("a leaf", () => {
  const at = (body: JsonObject, sk = "t#1") => leafOf({ pk: "p", sk, v: 1, body })[1];

  it("does not depend on the order in which a store gives names back, nor on the record's version", () => {
    expect(at({ a: 1, b: { c: [1, { e: 1, d: 2 }], f: null } })).toBe(
      at({ b: { f: null, c: [1, { d: 2, e: 1 }] }, a: 1 }),
    );
    expect(leafOf({ pk: "p", sk: "t#1", v: 9, body: { a: 1 } })[1]).toBe(at({ a: 1 }));
  });

  it("differs with every value, name and place, of lists also with their order", () => {
    const all = [
      { a: 1 },
      { a: "1" },
      { b: 1 },
      { a: 1, b: null },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: { 0: 1, 1: 2 } },
    ];
    expect(new Set([...all.map((body) => at(body)), at({ a: 1 }, "t#2")]).size).toBe(all.length + 1);
  });
});

it("a batch's hash differs with everything that the batch says", () => {
  const batch = { projectId: "p", number: 1, label: "l", count: 2, root: h(1), previous: h(2), sealedAt: 3 };
  const others = { projectId: "q", number: 2, label: "m", count: 3, root: h(3), previous: h(4), sealedAt: 4 };
  const hashes = Object.entries(others).map(([name, value]) => batchHash({ ...batch, [name]: value }));
  expect(new Set([batchHash(batch), ...hashes]).size).toBe(8);
});
