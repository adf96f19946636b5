/**
 * Does every operation of the contract give each of its error codes, and no other? The list is functions/api/contract/refusals.ts;
 * a code that it does not name turns any test red that goes through the API. 401 and 403 are test/api/authorisation-matrix.test.ts.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { FAULTS, type FaultCode } from "../../core/domain/fault-codes.ts";
import { CONTRACT, type OperationContract } from "../../functions/api/contract/contract.ts";
import { codesIn, givenBy, REFUSALS, type Refusals, UNKNOWN } from "../../functions/api/contract/refusals.ts";
import { OPERATIONS, type OperationName } from "../../functions/api/operations.ts";
import { createVaultHost, PROJECT, type VaultHost } from "../support/vault-host.ts";
import { backupRefusals } from "./refusals/backups.ts";
import { copyRefusals } from "./refusals/copies.ts";
import { otherRefusals } from "./refusals/others.ts";
import { validBodies } from "./refusals/valid.ts";
import { vaultRefusals } from "./refusals/vaults.ts";
import { type Asked, NOBODY, type Provoke, policy } from "./refusals/world.ts";

const provocations: Readonly<Record<string, Readonly<Record<string, Provoke>>>> = {
  ...vaultRefusals,
  ...backupRefusals,
  ...copyRefusals,
  ...otherRefusals,
};
const rows = OPERATIONS.flatMap(([number, name, method, path]) =>
  typeof number === "number" ? [{ number, name, method, path }] : [],
);
type Row = (typeof rows)[number];
/** An operation once, under the first of its spellings. */
const operations = rows.filter(({ name }, n) => rows.findIndex((other) => other.name === name) === n);
const listed = Object.entries<Refusals>(REFUSALS);

let host: VaultHost;
const send = ({ method, path }: Row, { path: values = {}, body }: Asked, query = "") => {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent({ project_id: PROJECT, protectable_type: "disk", ...values }[name] ?? NOBODY),
  );
  return host.send(method, `${filled}${query}`, body);
};
/** The number alone; what else it is as it stands. */
const refusalOf = ({ status, body }: Awaited<ReturnType<typeof send>>) => [
  status,
  String(body?.error_code).replace("BackupService.", ""),
];
const refusal = (code: FaultCode) => [code === "9910" ? 501 : FAULTS[code].status, code];

describe("the list of refusals", () => {
  it("has all 75 operations, and a way to each code that they give", () => {
    expect(new Set(operations.map(({ number }) => number)).size).toBe(75);
    expect(Object.keys(REFUSALS).sort()).toEqual(operations.map(({ name }) => name).sort());
    for (const [name] of listed)
      expect([name, Object.keys(provocations[name] ?? {}).sort()]).toEqual([name, givenBy(name as OperationName)]);
  });

  it("has a reason for every documented code that is not given, names none twice, and has no reason for others", () => {
    for (const [name, { documented, never = {}, also }] of listed) {
      const named = [...codesIn(documented), ...codesIn(also)];
      expect([name, named.length]).toEqual([name, new Set(named).size]);
      expect([name, Object.keys(never).filter((code) => !codesIn(documented).includes(code as FaultCode))]).toEqual([
        name,
        [],
      ]);
      expect(Object.values(never).filter((reason) => String(reason).length < 10)).toEqual([]);
    }
    // What the contract names: cbr-api §7, written off once.
    expect(listed.flatMap(([, { documented }]) => codesIn(documented))).toHaveLength(239);
  });
});

describe("a refusal", () => {
  beforeEach(() => {
    host = createVaultHost();
  });
  afterEach(() => host.close());

  const cases = operations.flatMap((row) =>
    Object.entries(provocations[row.name] ?? {}).map(([code, provoke]) => ({
      ...row,
      code: code as FaultCode,
      provoke,
    })),
  );
  it.each(cases)("$code of #$number $name", async ({ code, provoke, ...row }) => {
    const answer = await send(row, await provoke(host));
    expect(refusalOf(answer)).toEqual(refusal(code));
    expect(answer.body.error_msg.length).toBeGreaterThan(10);
  });
});

describe("for every operation", () => {
  let bodies: Readonly<Record<string, object>>;
  beforeAll(async () => {
    host = createVaultHost();
    bodies = validBodies(await policy(host));
  });
  afterAll(() => host.close());
  const withBody = operations.filter(({ method }) => method === "POST" || method === "PUT");
  const contractOf = ({ name }: Row): OperationContract => CONTRACT[name] ?? { summary: "", answers: {} };

  it("there is a valid body, and what follows does not rest on a bad one", async () => {
    expect(Object.keys(bodies).sort()).toEqual(withBody.map(({ name }) => name).sort());
    for (const row of withBody) {
      const { status, body } = await send(row, { body: bodies[row.name] ?? {} });
      // Without anything in the project most are refused, and two because nothing is sold; the body is right all the same.
      const told = status === 204 ? "" : (body.error_msg ?? "");
      expect([row.name, told]).toEqual([row.name, expect.not.stringMatching(/is missing|must (be|have)/)]);
    }
  });

  const ids = rows.flatMap((row) =>
    Object.entries(UNKNOWN)
      .filter(([parameter]) => row.path.includes(`{${parameter}}`))
      .map(([parameter, code]) => ({ ...row, parameter, code })),
  );
  it.each(ids)(
    "#$number $name: an unknown $parameter, and one that is no id, is 404 ($path)",
    async ({ parameter, code, ...row }) => {
      // To whom a backup is not shared it does not exist: what is missing is the share.
      const expected = row.name === "UpdateMemberStatus" ? "6705" : code;
      for (const id of [NOBODY, "a-name"]) {
        const answer = await send(row, {
          path: { [parameter]: id },
          ...(bodies[row.name] && { body: bodies[row.name] }),
        });
        expect(refusalOf(answer)).toEqual(refusal(expected));
      }
    },
  );

  it.each(withBody)("#$number $name: no body, and none that is an object, is 9900", async (row) => {
    for (const body of [undefined, [], "text", 1, null]) {
      const answer = await send(row, { body: body as object });
      expect(refusalOf(answer)).toEqual(refusal("9900"));
      expect(answer.body.error_msg).toMatch(/^body: /);
    }
  });

  it.each(withBody)("#$number $name: every member that must be there is missed by its name, 9900", async (row) => {
    const { body: schema } = contractOf(row);
    const valid = bodies[row.name] ?? {};
    if (schema === undefined) throw new Error("without a body");
    const required = requiredIn(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema, valid);
    expect(required.length > 0 || MAY_BE_EMPTY.includes(row.name)).toBe(true);
    for (const path of required) {
      const answer = await send(row, { body: without(valid, path) });
      expect([path, refusalOf(answer)]).toEqual([path, refusal("9900")]);
      expect(answer.body.error_msg).toContain(path.at(-1));
    }
    if (row.name !== "MigrateDomain") expect(refusalOf(await send(row, { body: {} }))).toEqual(refusal("9900"));
  });

  const parameters = operations.flatMap((row) =>
    Object.entries(contractOf(row).query ?? {}).flatMap(([parameter, type]) =>
      wrongFor(z.toJSONSchema(type, { io: "input" }) as Schema).map((wrong) => ({ ...row, parameter, wrong })),
    ),
  );
  it.each(parameters)("#$number $name: $parameter=$wrong is 9900", async ({ parameter, wrong, ...row }) => {
    const others = row.name === "ListExternalVault" ? "external_project_id=p&region_id=r&" : "";
    const answer = await send(row, {}, `?${others}${parameter}=${encodeURIComponent(wrong)}`);
    expect(refusalOf(answer)).toEqual(refusal("9900"));
    expect(answer.body.error_msg).toContain(parameter);
  });

  it.each(operations.filter(({ path }) => /\{(?!project_id)/.test(path)))(
    "#$number $name: an id that nothing can have, as it is too long, is 9900",
    async (row) => {
      const values = [...row.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, "x".repeat(256)] as const);
      const path = { ...Object.fromEntries(values), project_id: PROJECT };
      const answer = await send(row, { path, ...(bodies[row.name] && { body: bodies[row.name] }) });
      expect(refusalOf(answer)).toEqual(refusal("9900"));
    },
  );
});

/** Their members stand for each other: which one is missing cannot be said; or there need be none. */
const MAY_BE_EMPTY: readonly string[] = [
  "RemoveVaultResource",
  "AssociateVaultPolicy",
  "CopyCheckpoint",
  "MigrateDomain",
];

/** The little of JSON Schema that the tests read. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** Paths of members that an object must have, as far as `valid` has them; of a union, those of the branch that it has. */
function requiredIn({ required = [], properties = {}, anyOf = [], oneOf = [] }: Schema, valid: object): string[][] {
  const has = (names: readonly string[] = []): boolean => names.every((name) => name in valid);
  const branch = [...anyOf, ...oneOf].find((one) => has(one.required));
  const own = Object.entries(properties).flatMap(([name, schema]) => {
    const value = (valid as Record<string, unknown>)[name];
    const below = typeof value === "object" && value !== null ? requiredIn(schema, value) : [];
    return [...(required.includes(name) ? [[name]] : []), ...below.map((path) => [name, ...path])];
  });
  return branch === undefined ? own : [...own, ...requiredIn(branch, valid)];
}

function without(value: object, [name = "", ...rest]: readonly string[]): object {
  const { [name]: inner, ...others } = value as Record<string, object>;
  return rest.length === 0 || inner === undefined ? others : { ...others, [name]: without(inner, rest) };
}

/** Values that a parameter of this form does not take; none for free text. */
function wrongFor({ type, enum: words, pattern }: Schema): string[] {
  if (type === "integer") return ["x", "-1"];
  return type === "boolean" || words !== undefined || pattern !== undefined ? ["perhaps"] : [];
}
