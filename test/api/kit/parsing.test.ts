/** Do bodies and queries that break a rule get a 9900 that names the field and the rule? */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Fault } from "../../../core/domain/fault.ts";
import { FAULTS } from "../../../core/domain/fault-codes.ts";
import {
  descriptionField,
  nameField,
  parseBody,
  resourceIdField,
  tagsField,
  uuidField,
} from "../../../functions/api/kit/fields.ts";
import { flagOf, instantOf, isUuid, oneOf, pageOf, sortOf } from "../../../functions/api/kit/list-query.ts";
import { Query } from "../../../functions/api/kit/query.ts";

/** The text of the refusal. */
function refusal(ask: () => unknown): string {
  try {
    ask();
  } catch (error) {
    if (error instanceof Fault) return `${error.code} ${error.detail}`;
    throw error;
  }
  return "accepted";
}

const Vault = z.object({
  vault: z.object({
    name: nameField,
    description: descriptionField.nullish(),
    billing: z.object({ size: z.int().min(1).max(10_485_760), protect_type: z.enum(["backup", "replication"]) }),
    resources: z
      .array(z.object({ id: resourceIdField }))
      .max(2)
      .optional(),
    tags: tagsField.optional(),
    either: z.union([z.object({ a: z.string() }), z.object({ b: z.array(z.int()) })]).optional(),
  }),
});
const good = { name: "v-1_你好", billing: { size: 10, protect_type: "backup" } };

describe("a body", () => {
  it("is accepted with members that nobody knows, which are dropped", () => {
    const parsed = parseBody(Vault, { vault: { ...good, surprise: 1 }, extra: true });
    expect(parsed).toEqual({ vault: good });
  });

  it.each<[unknown, string]>([
    [undefined, "9900 body: is missing: must be an object"],
    [{}, "9900 vault: is missing: must be an object"],
    [{ vault: [] }, "9900 vault: must be an object"],
    [{ vault: { ...good, name: "" } }, "9900 vault.name: must be 1 to 64 letters, digits, `_` or `-`"],
    [{ vault: { ...good, name: "a\n" } }, "9900 vault.name: must be 1 to 64 letters, digits, `_` or `-`"],
    [{ vault: { ...good, name: 7 } }, "9900 vault.name: must be a string"],
    [{ vault: { ...good, name: undefined } }, "9900 vault.name: is missing: must be a string"],
    [
      { vault: { ...good, description: "<b>" } },
      "9900 vault.description: must be at most 255 characters without `<` and `>`",
    ],
    [{ vault: { ...good, billing: { ...good.billing, size: 0 } } }, "9900 vault.billing.size: must be at least 1"],
    [
      { vault: { ...good, billing: { ...good.billing, size: 1e9 } } },
      "9900 vault.billing.size: must be at most 10485760",
    ],
    [{ vault: { ...good, billing: { ...good.billing, size: 1.5 } } }, "9900 vault.billing.size: must be an integer"],
    [{ vault: { ...good, billing: { ...good.billing, size: "10" } } }, "9900 vault.billing.size: must be a number"],
    [
      { vault: { ...good, billing: { size: 1, protect_type: "x" } } },
      '9900 vault.billing.protect_type: must be "backup" or "replication"',
    ],
    [
      { vault: { ...good, resources: [{ id: "a" }, { id: "b" }, { id: "c" }] } },
      "9900 vault.resources: must have at most 2 elements",
    ],
    [
      { vault: { ...good, resources: [{ id: "a" }, { id: "../b" }] } },
      "9900 vault.resources[1].id: must be 1 to 64 letters, digits or `._:-`",
    ],
    [
      {
        vault: {
          ...good,
          tags: [
            { key: "a", value: "" },
            { key: " a ", value: "b" },
          ],
        },
      },
      "9900 vault.tags: must not name a key twice",
    ],
    [{ vault: { ...good, either: { b: [1, "x"] } } }, "9900 vault.either.b[1]: must be a number"],
  ])("%j is told %s", (body, told) => {
    expect(refusal(() => parseBody(Vault, body))).toBe(told);
  });

  it("is told several faults at once", () => {
    const told = refusal(() => parseBody(Vault, { vault: { name: "", billing: { size: 0, protect_type: "backup" } } }));
    expect(told).toContain("vault.name: ");
    expect(told).toContain("; vault.billing.size: must be at least 1");
  });

  it("has ids in lower case, whatever the client wrote", () => {
    const id = "ABCDEF01-2345-6789-ABCD-EF0123456789";
    expect(parseBody(z.object({ id: uuidField }), { id })).toEqual({ id: id.toLowerCase() });
    expect([isUuid(id), isUuid("my-vault")]).toEqual([true, false]);
  });
});

describe("a query", () => {
  it("gives array filters in both spellings, and takes an empty value for none", () => {
    const query = new Query("id=a&id=b,c&name=&status=available%2Cerror");
    expect(query.values("id")).toEqual(["a", "b", "c"]);
    expect(query.values("status")).toEqual(["available", "error"]);
    expect(query.get("name")).toBeUndefined();
    expect(query.values("none")).toEqual([]);
  });

  it("has a page: limit 1 to 1000, by default 1000; offset from 0", () => {
    expect(pageOf(new Query(""))).toEqual({ limit: 1000, offset: 0, marker: undefined });
    expect(pageOf(new Query("limit=1&offset=99999999&marker=m"))).toEqual({
      limit: 1,
      offset: 99_999_999,
      marker: "m",
    });
    for (const bad of ["0", "1001", "-1", "1.5", "x", "1e2", "%201"])
      expect(refusal(() => pageOf(new Query(`limit=${bad}`)))).toBe("9900 limit: must be an integer from 1 to 1000");
    for (const bad of ["-1", "2147483648"])
      expect(refusal(() => pageOf(new Query(`offset=${bad}`)))).toBe(
        "9900 offset: must be an integer from 0 to 2147483647",
      );
  });

  it("has an order: descending unless said otherwise, by known keys only", () => {
    const keys = ["created_at", "name"] as const;
    expect(sortOf(new Query("sort=created_at,name:asc"), keys)).toEqual([
      { key: "created_at", descending: true },
      { key: "name", descending: false },
    ]);
    for (const bad of ["size", "name:up", "name:asc:desc", "name,,"])
      expect(refusal(() => sortOf(new Query(`sort=${bad}`), keys))).toMatch(
        /^9900 sort: must be keys among created_at, name/,
      );
    expect(refusal(() => sortOf(new Query(`sort=${"name,".repeat(60)}`), keys))).toContain("255");
  });

  it("has flags, times and words of a closed list", () => {
    const query = new Query("a=True&b=false&c=maybe&t=2030-01-02T03:04:05Z&u=2030-13-02T03:04:05Z&own_type=shared&x=y");
    expect([flagOf(query, "a"), flagOf(query, "b"), flagOf(query, "none")]).toEqual([true, false, undefined]);
    expect(refusal(() => flagOf(query, "c"))).toBe("9900 c: must be true or false");
    expect(instantOf(query, "t")).toBe(Date.UTC(2030, 0, 2, 3, 4, 5));
    expect(refusal(() => instantOf(query, "u"))).toBe("9900 u: must be YYYY-MM-DDTHH:MM:SSZ");
    expect(oneOf(query, "own_type", ["private", "shared"])).toBe("shared");
    expect(refusal(() => oneOf(query, "x", ["private", "shared"]))).toBe("9900 x: must be private or shared");
  });
});

describe("fault codes", () => {
  it("say `gone` with 404 where clients conclude it from the status alone", () => {
    for (const code of ["6000", "6105", "6200", "6217", "6302", "6500", "7000", "7100"] as const)
      expect(FAULTS[code].status).toBe(404);
    expect(FAULTS["9900"].status).toBe(400);
    expect(Object.keys(FAULTS)).toHaveLength(195);
  });
});
