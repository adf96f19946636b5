/**
 * Does every operation refuse who may not? The rows come from the table of operations, so a new one is covered by itself. Handlers
 * are replaced by one that only notes that it was reached: what is refused must never get there.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { OPERATIONS } from "../../functions/api/operations.ts";
import { keyOf, order, PASSWORD, send, tokenOf, userWith, verdictOf } from "./kit/accounts.ts";
import { bodyOf, type IdentityHost, identityHost } from "./kit/identity-host.ts";

const DAY_MS = 86_400_000;

let host: IdentityHost;
let reached: string[];
/** The first user's, those of users with one role each, of somebody of another domain, and one that has ended. */
let tokens: { first: string; reader: string; guest: string; cbr: string; other: string; expired: string };
let stranger: { access_key: string; secret_key: string };

beforeAll(async () => {
  const handlers = OPERATIONS.filter(([, name]) => name !== "CreateToken").map(
    ([, name]) =>
      [
        name,
        async () => {
          reached.push(name);
          return { status: 200, body: {} };
        },
      ] as const,
  );
  host = await identityHost(Object.fromEntries(handlers));
  const expired = await tokenOf(host, "admin", host.credentials.password);
  host.clock.now += DAY_MS;
  await userWith(host, "reader", "CBR ReadOnlyAccess");
  // Allows what no operation of CBR asks for: the project is theirs, the actions are not. For ours it is the other way round.
  await userWith(host, "guest", "Holdfast HostAccess");
  await userWith(host, "cbr", "CBR FullAccess");
  const domain = await order(host, { action: "domain-create", name: "elsewhere" });
  const project = await order(host, { action: "project-create", name: "here-1", domain: domain.id });
  const user = await order(host, { action: "user-create", name: "other", domain: domain.id, password: PASSWORD });
  await order(host, { action: "role-grant", user: user.id, project: project.id, role: "CBR FullAccess" });
  tokens = {
    first: await tokenOf(host, "admin", host.credentials.password),
    reader: await tokenOf(host, "reader"),
    guest: await tokenOf(host, "guest"),
    cbr: await tokenOf(host, "cbr"),
    other: await otherToken(user.id, project.id),
    expired,
  };
  stranger = await keyOf(host, user.id);
});
afterAll(() => host.close());
beforeEach(() => {
  reached = [];
});

async function otherToken(id: string, project: string): Promise<string> {
  const identity = { methods: ["password"], password: { user: { id, password: PASSWORD } } };
  const scope = { project: { id: project } };
  const result = await send(host, "POST", "/v3/auth/tokens", { body: { auth: { identity, scope } } });
  return result.headers["X-Subject-Token"] ?? "";
}

const rows = OPERATIONS.map(([, name, method, path, auth]) => ({ name, method, path, auth }));
const onProjects = rows.filter(({ auth }) => auth === "project");
const closed = rows.filter(({ auth }) => auth !== "none");
const open = rows.filter(({ auth, name }) => auth === "none" && name !== "CreateToken");
type Case = (typeof rows)[number];

/** Operations on the host itself have rights apart from CBR's. */
const ofTheHost = ({ path }: Case): boolean => /\/holdfast\/(resources|vaults)/.test(path);
/** The path with this project and something for every other parameter. */
const targetOf = ({ path }: Case, project = host.credentials.project_id): string =>
  path.replace("{project_id}", project).replaceAll(/\{\w+\}/g, "x");
/** 401 of the gateway, or of Keystone where its clients call. */
const unauthenticated = ({ path }: Case) => (/^\/v3\/auth\/|^\/v3\.0\//.test(path) ? [401, 401] : [401, "APIGW.0301"]);
const bodyFor = ({ method }: Case) => (method === "POST" || method === "PUT" ? { body: {} } : {});
const ask = (row: Case, who: Parameters<typeof send>[3], project?: string) =>
  send(host, row.method, targetOf(row, project), { ...bodyFor(row), ...who });

describe.each(closed)("$name ($method $path)", (row) => {
  it("refuses nobody, an ended token, a made-up token, an unknown and a tampered signature: 401", async () => {
    const { access_key, secret_key } = host.credentials;
    const answers = [
      await ask(row, {}),
      await ask(row, { token: tokens.expired }),
      await ask(row, { token: `hf-${"A".repeat(43)}` }),
      await ask(row, { key: { access_key: "HFUNKNOWN00000000000", secret_key } }),
      await ask(row, { key: { access_key, secret_key: `${secret_key.slice(0, -1)}~` } }),
      await ask(row, { key: { access_key, secret_key }, security: "hfs-none" }),
    ];
    expect(answers.map(verdictOf)).toEqual(answers.map(() => unauthenticated(row)));
    expect(reached).toEqual([]);
  });

  it("takes the first user's token and signature", async () => {
    const { access_key, secret_key } = host.credentials;
    const answers = [await ask(row, { token: tokens.first }), await ask(row, { key: { access_key, secret_key } })];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(reached).toEqual([row.name, row.name]);
  });
});

describe.each(onProjects)("$name ($method $path), on a project,", (row) => {
  it("refuses a project that is another's, for tokens, signatures and the first user's own token: 403 APIGW.0302", async () => {
    const { access_key, secret_key } = host.credentials;
    const answers = [
      await ask(row, { token: tokens.other }),
      await ask(row, { key: stranger }),
      await ask(row, { token: tokens.first }, "f".repeat(32)),
      await ask(row, { key: { access_key, secret_key } }, "f".repeat(32)),
      await ask(row, { token: tokens.first, headers: { "x-project-id": "f".repeat(32) } }),
    ];
    expect(answers.map(verdictOf)).toEqual(answers.map(() => [403, "APIGW.0302"]));
    expect(reached).toEqual([]);
  });

  it("PRM-04: refuses who lacks its action, naming the action: 403 APIGW.0302", async () => {
    const lacking = ofTheHost(row) ? "cbr" : "guest";
    const answer = await ask(row, { token: tokens[lacking] });
    expect(verdictOf(answer)).toEqual([403, "APIGW.0302"]);
    expect(bodyOf(answer).error_msg).toMatch(new RegExp(`^${lacking} may not do (cbr|holdfast):\\w+:\\w+: no role`));
    expect(reached).toEqual([]);
  });

  it("lets CBR ReadOnlyAccess read and nothing else", async () => {
    const { statusCode } = await ask(row, { token: tokens.reader });
    const questions = ["ShowVaultResourceInstances", "CheckAgent", "PreviewPolicy"];
    const reads = row.method === "GET" || questions.includes(row.name);
    expect(statusCode).toBe(reads && !ofTheHost(row) ? 200 : 403);
  });
});

describe.each(rows.filter(({ auth }) => auth === "operator"))("$name ($method $path), for the operator,", (row) => {
  it("refuses every other user: 403", async () => {
    for (const token of [tokens.reader, tokens.other])
      expect(verdictOf(await ask(row, { token }))).toEqual([403, "APIGW.0302"]);
    expect(reached).toEqual([]);
  });
});

describe.each(open)("$name ($method $path)", (row) => {
  it("is open on purpose: answers without credentials, and with ones that have ended", async () => {
    expect((await ask(row, {})).statusCode).toBe(200);
    expect((await ask(row, { token: tokens.expired })).statusCode).toBe(200);
  });
});

it("only these operations are open", () => {
  expect([...new Set(rows.filter(({ auth }) => auth === "none").map(({ name }) => name))]).toEqual([
    "ListVersions",
    "ShowVersion",
    "ShowIdentityVersion",
    "CreateToken",
    "ShowHealth",
  ]);
});
