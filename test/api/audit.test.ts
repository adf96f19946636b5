/** Who changed what: is it told on the wire, of every request that changes something, and without any secret? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AuditWorld, createAuditWorld } from "../support/audit-world.ts";
import { CALLER, PROJECT, vaultBody } from "../support/vault-host.ts";

let world: AuditWorld;
beforeEach(() => {
  world = createAuditWorld();
});
afterEach(() => world.close());

type Row = Readonly<Record<string, unknown>>;
const list = async (query = ""): Promise<Row[]> => (await world.call("GET", `/holdfast/audit${query}`)).body.traces;
const names = async (query = "") => (await list(query)).map((trace) => trace.trace_name);

describe("a trace", () => {
  it("AUD-05: says who did what to which resource, when, from where, in which request, and how it ended", async () => {
    const { vault } = (await world.call("POST", "/vaults", vaultBody({ name: "nightly" }))).body;
    expect(await list()).toEqual([
      {
        trace_id: expect.stringMatching(/^\d{13}-[0-9a-f]{12}$/),
        trace_name: "createVault",
        trace_type: "ApiCall",
        trace_rating: "normal",
        outcome: "success",
        service_type: "CBR",
        resource_type: "vault",
        resource_id: vault.id,
        resource_name: "nightly",
        project_id: PROJECT,
        user: { id: CALLER.userId, name: "u", domain: { id: "d", name: "acct" } },
        source_ip: "127.0.0.1",
        request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        time: "2030-01-02T03:04:05.678000",
        ended_at: "2030-01-02T03:04:05.678000",
        code: 200,
        error_code: null,
      },
    ]);
  });

  it("AUD-05: of a deletion has the name of what is gone", async () => {
    const { id } = (await world.call("POST", "/vaults", vaultBody({ name: "nightly" }))).body.vault;
    world.host.clock.now += 1000;
    await world.call("DELETE", `/vaults/${id}`);
    const [deleted] = await list("?trace_name=deleteVault");
    expect(deleted).toMatchObject({ resource_id: id, resource_name: "nightly", code: 204, outcome: "success" });
  });

  it("AUD-02: of a run is of its vault", async () => {
    const { id } = (await world.call("POST", "/vaults", vaultBody({ name: "nightly" }))).body.vault;
    await world.call("POST", "/checkpoints", { checkpoint: { vault_id: id } });
    const [run] = await list("?trace_name=createVaultBackup");
    expect(run).toMatchObject({
      resource_type: "vault",
      resource_id: id,
      resource_name: "nightly",
      trace_rating: "warning",
      outcome: "refused",
      error_code: "BackupService.0001",
    });
  });

  it("AUD: is left by what is refused as well: by its input, by what it names, by what is not built", async () => {
    await world.call("POST", "/vaults", vaultBody({ name: "not good" }));
    await world.call("PUT", "/vaults/nope", { vault: { name: "x" } });
    await world.call("POST", "/backups/sync", { sync: [] });
    const codes = (await list()).map(({ trace_name, outcome, error_code }) => [trace_name, outcome, error_code]);
    expect(codes.sort()).toEqual([
      ["createVault", "refused", "BackupService.9900"],
      ["syncBackup", "refused", "BackupService.9900"],
      ["updateVault", "refused", "BackupService.6105"],
    ]);
  });

  it("AUD: of a defect is an incident, and says nothing of it", async () => {
    const broken = {
      ...world.services,
      log: () => undefined,
      resources: undefined,
    } as unknown as typeof world.services;
    const asked = world.host.call(
      "POST",
      "/vaults",
      vaultBody({ resources: [{ id: "d", type: "OS::Cinder::Volume" }] }),
      broken,
    );
    await expect(asked).rejects.toThrow("request failed");
    expect(await list()).toMatchObject([
      { outcome: "failed", trace_rating: "incident", code: 500, error_code: "BackupService.9910" },
    ]);
  });

  it("AUD-04: is left by nothing that only reads", async () => {
    await world.call("GET", "/vaults");
    await world.call("GET", "/vaults/nope");
    await world.call("POST", "/agent/check", { agent_status: [] });
    expect(await list()).toEqual([]);
  });

  it("AUD-05: holds no body, no header and no query: nothing that might be a secret", async () => {
    const secret = "correct-horse-battery-staple";
    await world.call("POST", `/vaults?token=${secret}`, vaultBody({ password: secret, description: secret }));
    await world.call("POST", "/holdfast/resources", {
      resource: { kind: "disk", path: `nbd://x:${secret}@h`, name: "n" },
    });
    await world.call("PUT", "/vaults/nope", { vault: { name: secret } });
    expect(await list()).toHaveLength(3);
    expect(JSON.stringify(await world.items())).not.toContain(secret);
  });

  it("keeps of an endless id no more than an id can have", async () => {
    await world.call("POST", "/checkpoints", { checkpoint: { vault_id: "x".repeat(5000) } });
    expect(String((await list())[0]?.resource_id)).toHaveLength(255);
  });
});

describe("the list", () => {
  beforeEach(async () => {
    await world.vaults("a", "b");
    await world.seal();
    await world.vaults("c");
    await world.call("DELETE", "/vaults/nope");
  });

  it("is newest first over sealed and open hours, in pages by offset and by marker", async () => {
    const all = await list();
    expect(all.map((trace) => trace.resource_name).slice(-2)).toEqual(["b", "a"]);
    expect((await list("?limit=2&offset=1")).map((t) => t.trace_id)).toEqual(all.slice(1, 3).map((t) => t.trace_id));
    for (const [n, { trace_id }] of all.entries())
      expect((await list(`?marker=${trace_id}&limit=1`))[0]?.trace_id).toBe(all[n + 1]?.trace_id);
    const { body } = await world.call("GET", "/holdfast/audit?limit=1");
    expect([body.count, body.limit, body.offset]).toEqual([4, 1, 0]);
  });

  it("is filtered by time, user, resource, event name, outcome and request", async () => {
    expect(await names("?end_time=2030-01-02T03:59:59Z")).toEqual(["createVault", "createVault"]);
    expect((await names("?start_time=2030-01-02T04:00:00Z")).sort()).toEqual(["createVault", "deleteVault"]);
    expect(await names("?start_time=2030-01-02T03:04:07Z&end_time=2030-01-02T03:04:08Z")).toEqual(["createVault"]);
    expect(await names("?trace_name=deleteVault")).toEqual(["deleteVault"]);
    expect(await names("?resource_id=nope")).toEqual(["deleteVault"]);
    expect(await names("?outcome=refused")).toEqual(["deleteVault"]);
    for (const user of [CALLER.userId, "u"]) expect(await names(`?user=${user}`)).toHaveLength(4);
    expect(await names("?user=somebody")).toEqual([]);
    const [newest] = await list();
    expect((await list(`?request_id=${newest?.request_id}&resource_type=vault`)).length).toBe(1);
    expect(await names("?resource_type=backup")).toEqual([]);
  });

  it.each(["?outcome=good", "?start_time=yesterday", "?marker=nope", "?limit=0"])(
    "refuses %s with 9900",
    async (query) => {
      const { status, body } = await world.call("GET", `/holdfast/audit${query}`);
      expect([status, body.error_code]).toEqual([400, "BackupService.9900"]);
    },
  );

  it("refuses a window that ends before it begins", async () => {
    const query = "?start_time=2030-01-02T04:00:00Z&end_time=2030-01-02T03:00:00Z";
    expect((await world.call("GET", `/holdfast/audit${query}`)).body.error_msg).toBe(
      "start_time: must not be after end_time",
    );
  });
});

describe("batches and their verification", () => {
  it("are listed newest first, each with what it takes to compute it again", async () => {
    await world.vaults("a");
    await world.seal();
    await world.vaults("b");
    await world.seal();
    const { body } = await world.call("GET", "/holdfast/audit/batches");
    expect(body).toMatchObject({ count: 2, limit: 1000, offset: 0 });
    const [second, first] = body.batches;
    expect(second).toEqual({
      number: 2,
      hour: "2030-01-02T04",
      trace_count: 1,
      root: expect.stringMatching(/^[0-9a-f]{64}$/),
      previous: first.hash,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      sealed_at: "2030-01-02T05:11:00.000000",
      seal: expect.any(String),
    });
    expect((await world.call("GET", "/holdfast/audit/batches?limit=1&offset=1")).body.batches).toEqual([first]);
    expect((await world.call("GET", "/holdfast/audit/batches?offset=2")).body.batches).toEqual([]);
    expect((await world.call("GET", "/holdfast/audit/batches?marker=2")).body.batches).toEqual([first]);
    expect((await world.call("GET", "/holdfast/audit/batches?marker=1")).body.batches).toEqual([]);
    expect(await world.call("GET", "/holdfast/audit/batches?marker=3")).toMatchObject({
      status: 400,
      body: { error_code: "BackupService.9900", error_msg: expect.stringContaining("marker") },
    });
  });

  it("of a trail that nobody touched find nothing, in one answer or in several", async () => {
    await world.vaults("a");
    await world.seal();
    await world.seal();
    const { body } = await world.call("GET", "/holdfast/audit/verification");
    expect(body).toMatchObject({ batches: 2, traces: 1, findings: [], remarks: [], next: null });
    const rest = await world.call("GET", "/holdfast/audit/verification?after=1");
    expect(rest.body).toEqual({ ...body, batches: 1, traces: 0 });
  });

  it("of a trail that does not exist yet find nothing", async () => {
    const empty = { batches: 0, traces: 0, findings: [], remarks: [], last: null, next: null };
    expect((await world.call("GET", "/holdfast/audit/verification")).body).toEqual(empty);
    expect((await world.call("GET", "/holdfast/audit/batches")).body).toMatchObject({ batches: [], count: 0 });
  });

  it("name hour and trace of what was changed", async () => {
    await world.vaults("a");
    await world.seal();
    const trace = (await world.items()).find(({ pk }) => /#[0-3]$/.test(pk));
    if (trace === undefined) throw new Error("no trace");
    await world.host.records.write({ op: "put", item: { ...trace, body: { ...trace.body, event: "x" } }, if: "any" });
    expect((await world.call("GET", "/holdfast/audit/verification")).body.findings).toEqual([
      { batch: 1, hour: "2030-01-02T03", trace_id: trace.body.id, what: "this trace was changed" },
    ]);
  });
});
