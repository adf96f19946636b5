/** Who may call: tokens, both signature dialects, what somebody changed, and paths and queries with encoded characters. */
import { describe, expect, test } from "vitest";
import { signFlat, signScoped, type ToSign, targetOf } from "../../api/kit/test-signer.ts";
import { type RawAnswer, scenarioClient, send } from "./client.ts";
import type { ScenarioHost } from "./host.ts";

type Signer = typeof signFlat;
const DIALECTS: readonly (readonly [string, Signer])[] = [
  ["flat", signFlat],
  ["scoped", signScoped],
];
/** Letters that vault names may have and that no request line can carry as they are. */
const ENCODED_NAME = "备份-vault";

export function identityScenarios(host: () => ScenarioHost): void {
  const sdkDate = () => new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const keys = () => host().credentials;
  /** A request as the signer wants it; `segments` follow the project. */
  const asked = (segments: readonly string[], more: Partial<ToSign> = {}): ToSign => ({
    method: "GET",
    segments: ["v3", keys().project_id, ...segments],
    query: [],
    headers: { host: host().address.hostHeader, "x-sdk-date": sdkDate() },
    body: "",
    ...more,
  });
  const signed = (
    signer: Signer,
    ask: ToSign,
    change: Partial<Record<"target" | "body" | "authorization", string>> = {},
  ) =>
    send(host().address, {
      method: ask.method,
      target: change.target ?? targetOf(ask),
      headers: {
        ...ask.headers,
        "content-type": "application/json",
        authorization: change.authorization ?? signer(ask, keys().access_key, keys().secret_key),
      },
      body: change.body ?? ask.body,
    });
  const token = async (): Promise<RawAnswer> => {
    const { user_name: name, password, domain_name, project_id: id } = keys();
    const identity = { methods: ["password"], password: { user: { name, password, domain: { name: domain_name } } } };
    return send(host().address, {
      method: "POST",
      target: "/v3/auth/tokens",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ auth: { identity, scope: { project: { id } } } }),
    });
  };

  describe("identity", () => {
    test("a password gives a token, whose catalogue names the address that was called, and the token opens the project", async () => {
      const answer = await token();
      expect(answer.status).toBe(201);
      const [cbr] = answer.body.token.catalog.filter(({ type }: { type: string }) => type === "cbr");
      expect(new URL(cbr.endpoints[0].url)).toMatchObject({
        host: host().address.hostHeader,
        pathname: `/v3/${keys().project_id}`,
      });
      const opened = await send(host().address, {
        method: "GET",
        target: `/v3/${keys().project_id}/vaults`,
        headers: { "x-auth-token": String(answer.headers["x-subject-token"]) },
      });
      expect(opened.status).toBe(200);
    });

    test.each(DIALECTS)(
      "a request signed in the %s dialect passes, with a body and with a query",
      async (_, signer) => {
        const body = JSON.stringify({ checkpoint: {} });
        // 400: who asks is known, and what is asked is read; a wrong signature would be 401.
        expect((await signed(signer, asked(["checkpoints"], { method: "POST", body }))).status).toBe(400);
        const query = [
          ["status", "available"],
          ["limit", "1"],
        ] as const;
        expect((await signed(signer, asked(["backups"], { query }))).status).toBe(200);
      },
    );

    test.each(DIALECTS)(
      "what was changed after signing (%s dialect) is 401: query, body, path, signature",
      async (_, signer) => {
        const list = asked(["backups"], { query: [["limit", "1"]] });
        const create = asked(["checkpoints"], { method: "POST", body: '{"checkpoint":{}}' });
        const good = signer(list, keys().access_key, keys().secret_key);
        const last = good.endsWith("0") ? "1" : "0";
        const answers = await Promise.all([
          signed(signer, list, { target: targetOf(list).replace("limit=1", "limit=2") }),
          signed(signer, list, { target: targetOf(list).replace("/backups", "/vaults") }),
          signed(signer, create, { body: '{"checkpoint":{ }}' }),
          signed(signer, list, { authorization: `${good.slice(0, -1)}${last}` }),
          signed(signer, list, { authorization: signer(list, keys().access_key, "another secret") }),
          signed(signer, list, { authorization: signer(list, "HFNOBODY", keys().secret_key) }),
        ]);
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
        expect(answers.map(({ body }) => body.error_code)).toEqual(answers.map(() => "APIGW.0301"));
      },
    );

    test.each(DIALECTS)("a signature (%s dialect) of yesterday is 401", async (_, signer) => {
      const date = new Date(Date.now() - 86_400_000).toISOString().replace(/[-:]|\.\d{3}/g, "");
      const headers = { host: host().address.hostHeader, "x-sdk-date": date };
      expect((await signed(signer, asked(["vaults"], { headers }))).status).toBe(401);
    });

    test("a token gets a temporary key, which opens the project together with its security token only", async () => {
      const identity = { methods: ["token"], token: { duration_seconds: "900" } };
      const given = await send(host().address, {
        method: "POST",
        target: "/v3.0/OS-CREDENTIAL/securitytokens",
        headers: {
          "content-type": "application/json",
          "x-auth-token": String((await token()).headers["x-subject-token"]),
        },
        body: JSON.stringify({ auth: { identity } }),
      });
      expect(given.status).toBe(201);
      const { access, secret, securitytoken } = given.body.credential;
      const list = asked(["vaults"]);
      const opened = (security: Record<string, string>) =>
        send(host().address, {
          method: "GET",
          target: targetOf(list),
          headers: { ...list.headers, ...security, authorization: signFlat(list, access, secret) },
        });
      expect((await opened({ "x-security-token": securitytoken })).status).toBe(200);
      expect((await opened({})).status).toBe(401);
    });

    test("somebody else's project is 403, whoever asks, and nobody is 401", async () => {
      const segments = ["v3", "f".repeat(32), "vaults"];
      for (const [, signer] of DIALECTS) expect((await signed(signer, asked([], { segments }))).status).toBe(403);
      const headers = { "x-auth-token": String((await token()).headers["x-subject-token"]) };
      const target = `/${segments.join("/")}`;
      expect((await send(host().address, { method: "GET", target, headers })).status).toBe(403);
      expect((await send(host().address, { method: "GET", target })).status).toBe(401);
      const wrong = { "x-auth-token": `hf-${"A".repeat(43)}` };
      expect((await send(host().address, { method: "GET", target, headers: wrong })).status).toBe(401);
    });

    test.each(DIALECTS)(
      "encoded characters in query and path keep their meaning and their signature (%s dialect)",
      async (dialect, signer) => {
        const client = scenarioClient(host());
        const name = `${ENCODED_NAME}-${dialect}`;
        const vault = await client.vault("disk", [], { name });
        const found = await signed(signer, asked(["vaults"], { query: [["name", name]] }));
        expect(found.body.vaults.map(({ id }: { id: string }) => id)).toEqual([vault]);
        for (const odd of ["a b", "a+b", "a&b=c", "%", "a/b?c#d", "é'()*!"]) {
          const answer = await signed(signer, asked(["vaults"], { query: [["name", odd]] }));
          expect([odd, answer.status, answer.body.count]).toEqual([odd, 200, 0]);
        }
        for (const odd of ["a b", "a+b", "备份", "é'()*!", "a:b@c"]) {
          const answer = await signed(signer, asked(["vaults", odd]));
          expect([odd, answer.status, answer.body.error_code]).toEqual([odd, 404, "BackupService.6105"]);
        }
        // The same path, spelled with an escape that it does not need.
        const spelled = targetOf(asked(["vaults", vault])).replaceAll("-", "%2D");
        expect((await signed(signer, asked(["vaults", vault]), { target: spelled })).body.vault.id).toBe(vault);
        await client.must("DELETE", `/vaults/${vault}`);
      },
    );
  });
}
