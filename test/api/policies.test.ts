/** Do policies behave on the wire as clients need them to? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPolicy } from "../../core/app/policies/create-policy.ts";
import { CALLER, createVaultHost, diskResource, PROJECT, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const NIGHTLY = "FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30";
const body = (change: object = {}) => ({
  policy: {
    name: "nightly",
    operation_type: "backup",
    operation_definition: { max_backups: 7 },
    trigger: { properties: { pattern: [NIGHTLY] } },
    ...change,
  },
});
const replication = (change: object = {}) =>
  body({
    operation_type: "replication",
    operation_definition: { destination_region: "eu-2", destination_project_id: PROJECT },
    ...change,
  });
const post = (change: object = {}) => host.call("POST", "/policies", body(change));
const create = async (sent: object = body()) => {
  const answer = await host.call("POST", "/policies", sent);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body.policy;
};
const put = (id: string, policy: object) => host.call("PUT", `/policies/${id}`, { policy });
const shown = async (id: string) => (await host.call("GET", `/policies/${id}`)).body.policy;
const vault = async (change: object = {}, billing: object = {}) => {
  const answer = await host.call("POST", "/vaults", vaultBody(change, billing));
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body.vault;
};
const bind = (vaultId: string, policyId: string, more: object = {}) =>
  host.call("POST", `/vaults/${vaultId}/associatepolicy`, { policy_id: policyId, ...more });
const unbind = (vaultId: string, policyId: string) =>
  host.call("POST", `/vaults/${vaultId}/dissociatepolicy`, { policy_id: policyId });
const runs = async (query = "") => (await host.call("GET", `/holdfast/runs${query}`)).body.runs;
const refused = ({ status, body }: { status: number; body: { error_code: string } }) => [
  status,
  body.error_code?.replace("BackupService.", ""),
];
const tomorrow = "2030-01-03T02:30:00.000000";

describe("creating a policy", () => {
  it("#19: answers with the policy as GET repeats it, exactly the members that were sent, patterns verbatim", async () => {
    const definition = { week_backups: 3, max_backups: 7, retention_duration_days: -1, timezone: "UTC+01:00" };
    const pattern = ["FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=03;BYMINUTE=00", "FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=14;BYMINUTE=00"];
    const made = await create(body({ operation_definition: definition, trigger: { properties: { pattern } } }));
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "nightly",
      enabled: true,
      operation_type: "backup",
      policy_type: "custom_policy",
      operation_definition: definition,
      associated_vaults: [],
      trigger: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        name: "default",
        type: "time",
        properties: { pattern, start_time: "2030-01-02 03:04:05" },
      },
    });
    expect(await shown(made.id)).toEqual(made);
  });

  it.each([
    [
      "the Terraform provider",
      {
        day_backups: 10,
        full_backup_interval: -1,
        max_backups: 12,
        month_backups: 1,
        timezone: "UTC+08:00",
        week_backups: 4,
      },
    ],
    [
      "a client that sends every counter",
      {
        max_backups: -1,
        day_backups: 0,
        week_backups: 0,
        month_backups: 0,
        year_backups: 0,
        retention_duration_days: 30,
      },
    ],
    ["one that sends only a zone", { timezone: "UTC+08:00" }],
    ["one that wants everything kept", {}],
  ])("takes and repeats the definition of %s", async (_, operation_definition) => {
    expect((await create(body({ operation_definition }))).operation_definition).toEqual(operation_definition);
  });

  it("D-9: without an operation type it is a backup policy", async () => {
    expect((await create(body({ operation_type: undefined }))).operation_type).toBe("backup");
  });

  it.each([
    ["no name", { name: undefined }, "9900", "policy.name"],
    ["an unknown type", { operation_type: "copy" }, "6117", "policy.operation_type"],
    ["no definition", { operation_definition: undefined }, "9900", "policy.operation_definition"],
    ["no trigger", { trigger: undefined }, "9900", "policy.trigger"],
    ["no pattern", { trigger: { properties: { pattern: [] } } }, "9900", "pattern"],
    ["a bad pattern", { trigger: { properties: { pattern: ["FREQ=HOURLY"] } } }, "9900", "pattern[0]"],
    [
      "count and days",
      { operation_definition: { max_backups: 1, retention_duration_days: 1 } },
      "9900",
      "retention_duration_days",
    ],
    ["weeks without a zone", { operation_definition: { week_backups: 1 } }, "9900", "timezone"],
    [
      "rules that nobody follows here",
      { operation_definition: { advanced_retention_rules: { weekly_retention_rules: {} } } },
      "9900",
      "advanced_retention_rules",
    ],
    ["a replication without destination", { operation_type: "replication" }, "9900", "destination_region"],
  ])("refuses %s and names the member", async (_, change, code, member) => {
    const answer = await post(change);
    expect(refused(answer)).toEqual([400, code]);
    expect(answer.body.error_msg).toContain(member);
    expect((await host.call("GET", "/policies")).body).toEqual({ policies: [], count: 0 });
  });

  it.each([undefined, {}, { properties: {} }, { properties: { pattern: [] } }])(
    "SCH-07: has no time of its own to propose: trigger %j is refused",
    async (trigger) => {
      expect(refused(await post({ trigger }))).toEqual([400, "9900"]);
    },
  );

  it.each([undefined, "UTC+14:00", "UTC-12:00"])(
    "SCH-05: BYDAY is a day of UTC, whatever the zone of retention (%s): the client has to shift it",
    async (timezone) => {
      // Monday 23:00 in UTC-02:00.
      const trigger = { properties: { pattern: ["FREQ=WEEKLY;BYDAY=TU;BYHOUR=01;BYMINUTE=00"] } };
      const { id } = await create(body({ trigger, operation_definition: { max_backups: 7, timezone } }));
      await vault({ backup_policy_id: id });
      // The clock shows Wednesday, 2 January.
      expect(await runs()).toMatchObject([{ nominal_at: "2030-01-08T01:00:00.000000", state: "expected" }]);
    },
  );

  it("SCH-29: minutes pass, and several points a day, also of a replication, whatever Terraform's page says", async () => {
    const at = (time: string) => `FREQ=DAILY;INTERVAL=1;BYHOUR=${time.slice(0, 2)};BYMINUTE=${time.slice(3)}`;
    const pattern = ["06:00", "14:30"].map(at);
    for (const sent of [body, replication])
      expect((await create(sent({ trigger: { properties: { pattern } } }))).trigger.properties.pattern).toEqual(
        pattern,
      );
    const twice = ["06:00", "06:00"].map(at);
    expect(refused(await post({ trigger: { properties: { pattern: twice } } }))).toEqual([400, "9900"]);
  });

  it("RET-35: one backup to keep is a count like any other", async () => {
    expect((await create(body({ operation_definition: { max_backups: 1 } }))).operation_definition.max_backups).toBe(1);
  });

  it("6001, SCH-25: of each type there are 32, also when many are created at once", async () => {
    const answers = await Promise.all([...Array(36).keys()].map((i) => post({ name: `p-${i}` })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(32);
    expect(answers.filter(({ status }) => status !== 200).map(refused)).toEqual(Array(4).fill([400, "6001"]));
    expect((await host.call("POST", "/policies", replication())).status).toBe(200);
    const { policies } = (await host.call("GET", "/policies?operation_type=backup")).body;
    await host.call("DELETE", `/policies/${policies[0].id}`);
    expect((await post()).status).toBe(200);
  });
});

describe("finding policies", () => {
  it("#20: lists newest first, by type, vault and name, and past the last marker nothing", async () => {
    const a = await create(body({ name: "alpha" }));
    host.clock.now += 1000;
    const b = await create(replication({ name: "beta" }));
    const { id } = await vault({ backup_policy_id: a.id });
    const ids = async (query: string) =>
      (await host.call("GET", `/policies${query}`)).body.policies.map((p: { id: string }) => p.id);
    expect(await ids("")).toEqual([b.id, a.id]);
    expect(await ids("?operation_type=backup")).toEqual([a.id]);
    expect(await ids(`?vault_id=${id}`)).toEqual([a.id]);
    expect(await ids(`?vault_id=${a.id}`)).toEqual([]);
    expect(await ids("?name=bet")).toEqual([b.id]);
    expect(await ids(`?marker=${b.id}&limit=1`)).toEqual([a.id]);
    expect(await ids(`?marker=${a.id}&limit=1`)).toEqual([]);
    expect((await host.call("GET", "/policies?limit=1")).body.count).toBe(2);
  });

  it("6000: knows no policy of another project, no name and no id that is none", async () => {
    const draft = {
      name: "theirs",
      operationType: "backup",
      enabled: true,
      operationDefinition: {},
      patterns: [NIGHTLY],
    } as const;
    const { policy } = await createPolicy(host.services, { ...CALLER, projectId: "b".repeat(32) }, draft);
    for (const id of [policy.id, "nightly", "11111111-1111-4111-8111-111111111111"]) {
      expect(refused(await host.call("GET", `/policies/${id}`))).toEqual([404, "6000"]);
      expect(refused(await put(id, { name: "x" }))).toEqual([404, "6000"]);
      expect(refused(await host.call("DELETE", `/policies/${id}`))).toEqual([404, "6000"]);
    }
    const { id } = await vault();
    expect(refused(await bind(id, policy.id))).toEqual([404, "6000"]);
    expect(refused(await unbind(id, policy.id))).toEqual([404, "6002"]);
  });
});

describe("changing a policy", () => {
  it("#22: a definition replaces the whole one; what is absent stays", async () => {
    const { id } = await create(body({ operation_definition: { retention_duration_days: 20 } }));
    const pattern = ["FREQ=DAILY;INTERVAL=5;BYHOUR=06;BYMINUTE=00"];
    const changed = await put(id, { operation_definition: { max_backups: 9 }, trigger: { properties: { pattern } } });
    expect(changed.body.policy).toMatchObject({ name: "nightly", enabled: true, trigger: { properties: { pattern } } });
    expect(changed.body.policy.operation_definition).toEqual({ max_backups: 9 });
    expect((await put(id, { enabled: false })).body.policy).toMatchObject({
      enabled: false,
      operation_definition: { max_backups: 9 },
      trigger: { properties: { pattern, start_time: "2030-01-02 03:04:05" } },
    });
    expect((await put(id, { name: "weekly" })).body.policy).toEqual(await shown(id));
  });

  it("refuses bad members and changes nothing", async () => {
    const made = await create();
    expect(refused(await put(made.id, { operation_definition: { day_backups: 1 } }))).toEqual([400, "9900"]);
    expect(refused(await put(made.id, { trigger: { properties: { pattern: ["x"] } } }))).toEqual([400, "9900"]);
    expect(await shown(made.id)).toEqual(made);
  });

  it("6003, VLT-63: the destination is fixed while the policy is applied", async () => {
    const { id } = await create(replication());
    const from = await vault({}, { object_type: "server" });
    const to = await vault({}, { object_type: "server", protect_type: "replication" });
    const elsewhere = { destination_region: "eu-3", destination_project_id: PROJECT };
    expect((await put(id, { operation_definition: { ...elsewhere, destination_region: "eu-2" } })).status).toBe(200);
    expect((await bind(from.id, id, { destination_vault_id: to.id })).status).toBe(200);
    expect(refused(await put(id, { operation_definition: elsewhere }))).toEqual([400, "6003"]);
    await unbind(from.id, id);
    expect((await put(id, { operation_definition: elsewhere })).status).toBe(200);
  });

  it("#23, SCH-26: deleting a policy that is applied releases its vaults; twice is 404", async () => {
    const { id } = await create();
    const vaults = await Promise.all([1, 2, 3].map(() => vault({ backup_policy_id: id })));
    expect(await runs()).toHaveLength(3);
    expect((await host.call("DELETE", `/policies/${id}`)).status).toBe(204);
    expect(refused(await host.call("DELETE", `/policies/${id}`))).toEqual([404, "6000"]);
    expect(await runs()).toEqual([]);
    for (const { id: vaultId } of vaults) {
      expect((await host.call("GET", `/policies?vault_id=${vaultId}`)).body.policies).toEqual([]);
      expect(refused(await unbind(vaultId, id))).toEqual([404, "6002"]);
    }
    expect((await host.call("GET", `/vaults?policy_id=${id}`)).body.vaults).toEqual([]);
  });
});

describe("applying a policy to a vault", () => {
  it("#12, #13: shows in associated_vaults and in the policy filters; again is a no-op; released it is gone", async () => {
    const { id } = await create();
    const { id: vaultId } = await vault();
    const bound = { status: 200, body: { associate_policy: { vault_id: vaultId, policy_id: id } } };
    expect(await bind(vaultId, id)).toEqual(bound);
    expect(await bind(vaultId, id)).toEqual(bound);
    expect((await shown(id)).associated_vaults).toEqual([{ vault_id: vaultId }]);
    expect((await host.call("GET", `/vaults?policy_id=${id}`)).body.vaults).toMatchObject([{ id: vaultId }]);
    expect(await runs()).toMatchObject([{ vault_id: vaultId, policy_id: id, state: "expected", nominal_at: tomorrow }]);
    expect(await unbind(vaultId, id)).toEqual({
      status: 200,
      body: { dissociate_policy: { vault_id: vaultId, policy_id: id } },
    });
    expect((await shown(id)).associated_vaults).toEqual([]);
    expect(await runs()).toEqual([]);
    expect(refused(await unbind(vaultId, id))).toEqual([404, "6002"]);
  });

  it("takes one id in add_policy_ids as well, and says that there is one policy of a type", async () => {
    const [a, b] = [await create(), await create()];
    const { id: vaultId } = await vault();
    const many = (ids: string[]) => host.call("POST", `/vaults/${vaultId}/associatepolicy`, { add_policy_ids: ids });
    expect((await many([a.id])).status).toBe(200);
    expect(refused(await many([a.id, b.id]))).toEqual([400, "9900"]);
    expect(refused(await host.call("POST", `/vaults/${vaultId}/associatepolicy`, {}))).toEqual([400, "9900"]);
  });

  it("VLT-60: another one of its type takes its place, one of the other type stands beside it", async () => {
    const [a, b, c] = [await create(), await create(), await create(replication())];
    const { id: vaultId } = await vault({}, { object_type: "server" });
    const to = await vault({}, { object_type: "server", protect_type: "replication" });
    await bind(vaultId, a.id);
    await bind(vaultId, c.id, { destination_vault_id: to.id });
    await bind(vaultId, b.id);
    expect((await shown(a.id)).associated_vaults).toEqual([]);
    expect((await shown(b.id)).associated_vaults).toEqual([{ vault_id: vaultId }]);
    expect((await shown(c.id)).associated_vaults).toEqual([{ vault_id: vaultId, destination_vault_id: to.id }]);
    expect((await runs()).map((run: { policy_id: string }) => run.policy_id).sort()).toEqual([b.id, c.id].sort());
    expect((await host.call("GET", `/policies?vault_id=${vaultId}`)).body.count).toBe(2);
  });

  it("of many policies that are applied at once exactly one stays", async () => {
    const policies = await Promise.all([1, 2, 3, 4, 5].map((i) => create(body({ name: `p-${i}` }))));
    const { id: vaultId } = await vault();
    const answers = await Promise.all(policies.map(({ id }) => bind(vaultId, id)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const all = await Promise.all(policies.map(({ id }) => shown(id)));
    expect(all.filter((p) => p.associated_vaults.length > 0)).toHaveLength(1);
    expect(await runs()).toHaveLength(1);
  });

  it("VLT-06: a vault is created with its policy, or not at all; binding it again succeeds", async () => {
    host.resources.addDisk("d1");
    const { id } = await create();
    const made = await vault({ backup_policy_id: id, resources: [diskResource("d1")] });
    expect((await shown(id)).associated_vaults).toEqual([{ vault_id: made.id }]);
    expect((await bind(made.id, id)).status).toBe(200);
    const copies = await create(replication());
    for (const [policy, billing, code] of [
      [id, { protect_type: "replication" }, "6127"],
      [id, { cloud_type: "hybrid", object_type: "vmware" }, "6136"],
      [copies.id, {}, "6127"],
    ] as const) {
      const answer = await host.call("POST", "/vaults", vaultBody({ backup_policy_id: policy }, billing));
      expect(refused(answer)).toEqual([400, code]);
    }
    expect((await host.call("GET", "/vaults")).body.count).toBe(1);
  });

  it("a vault with more resources than a transaction takes gets its policy as well", async () => {
    const ids = [...Array(120).keys()].map((i) => `d${i}`);
    for (const id of ids) host.resources.addDisk(id);
    const { id } = await create();
    const made = await vault({ backup_policy_id: id, resources: ids.map((disk) => diskResource(disk)) });
    expect(made.resources).toHaveLength(120);
    expect((await shown(id)).associated_vaults).toEqual([{ vault_id: made.id }]);
    expect(await runs()).toHaveLength(1);
  });

  it.each(["server", "disk", "turbo", "workspace", "file"])(
    "SCH-27: a backup policy takes a vault for %s, at its creation and later",
    async (object_type) => {
      const { id } = await create();
      const made = await vault({ backup_policy_id: id }, { object_type });
      expect((await host.call("GET", `/policies?vault_id=${made.id}`)).body.policies).toMatchObject([{ id }]);
      expect((await unbind(made.id, id)).status).toBe(200);
      expect((await bind(made.id, id)).status).toBe(200);
    },
  );

  it("6127, 6136, VLT-62, SCH-27: refuses vaults that no backup policy fits", async () => {
    const { id } = await create();
    const copies = await vault({}, { protect_type: "replication" });
    const hybrid = await vault({}, { cloud_type: "hybrid", object_type: "vmware" });
    expect(refused(await bind(copies.id, id))).toEqual([400, "6127"]);
    expect(refused(await bind(hybrid.id, id))).toEqual([400, "6136"]);
    expect(refused(await bind("11111111-1111-4111-8111-111111111111", id))).toEqual([404, "6105"]);
  });

  it("VLT-61, REP-02: a replication policy needs servers, and a replication vault of the same kind in its destination", async () => {
    const { id } = await create(replication());
    const { id: from } = await vault({}, { object_type: "server" });
    const backup = await vault();
    const servers = await vault({}, { protect_type: "replication", object_type: "server" });
    const disks = await vault({}, { protect_type: "replication" });
    expect(refused(await bind(backup.id, id, { destination_vault_id: disks.id }))).toEqual([400, "6122"]);
    const to = (vaultId?: string) => bind(from, id, { destination_vault_id: vaultId });
    expect(refused(await to())).toEqual([400, "9900"]);
    expect(refused(await to("11111111-1111-4111-8111-111111111111"))).toEqual([400, "6120"]);
    expect(refused(await to(backup.id))).toEqual([400, "6119"]);
    expect(refused(await to(disks.id))).toEqual([400, "6128"]);
    expect(await to(servers.id)).toMatchObject({
      status: 200,
      body: { associate_policy: { destination_vault_id: servers.id } },
    });
    const other = await create(
      replication({ operation_definition: { destination_region: "eu-2", destination_project_id: "elsewhere" } }),
    );
    expect(refused(await bind(from, other.id, { destination_vault_id: servers.id }))).toEqual([400, "6120"]);
  });

  it("VLT-09: deleting a vault releases it; a policy may be deleted while its vault goes", async () => {
    const { id } = await create();
    const made = await vault({ backup_policy_id: id });
    expect((await host.call("DELETE", `/vaults/${made.id}`)).status).toBe(204);
    expect((await shown(id)).associated_vaults).toEqual([]);
    expect(await runs()).toEqual([]);
    expect(refused(await bind(made.id, id))).toEqual([400, "6112"]);
    expect((await host.call("DELETE", `/policies/${id}`)).status).toBe(204);
  });
});

describe("the ledger", () => {
  const HOUR = 3_600_000;

  it("shows what is expected, when it is promised to start, and within two minutes of that what did not happen", async () => {
    const { id } = await create();
    const { id: vaultId } = await vault({ backup_policy_id: id });
    const [run] = await runs();
    expect(run).toMatchObject({
      state: "expected",
      started_at: null,
      ended_at: null,
      reason: null,
      checkpoint_id: null,
    });
    const planned = Date.parse(`${run.planned_at}Z`);
    expect(planned - Date.parse(`${tomorrow}Z`)).toBeLessThan(180_000);
    host.clock.now = planned + 60_000;
    expect(await runs()).toMatchObject([{ state: "expected" }]);
    host.clock.now = planned + 120_000;
    expect(await runs(`?vault_id=${vaultId}`)).toMatchObject([{ state: "late" }]);
    expect(await runs(`?policy_id=${id}&state=late`)).toHaveLength(1);
    expect(await runs("?state=expected")).toEqual([]);
  });

  it("SCH-09, SCH-11, SCH-12: a disabled policy expects nothing; enabled again it goes on with the next point", async () => {
    const { id } = await create();
    await vault({ backup_policy_id: id });
    await put(id, { enabled: false });
    expect(await runs()).toEqual([]);
    host.clock.now += 48 * HOUR;
    await put(id, { enabled: true });
    expect(await runs()).toMatchObject([{ state: "expected", nominal_at: "2030-01-05T02:30:00.000000" }]);
    await put(id, { trigger: { properties: { pattern: ["FREQ=DAILY;INTERVAL=1;BYHOUR=23;BYMINUTE=15"] } } });
    expect(await runs()).toMatchObject([{ nominal_at: "2030-01-04T23:15:00.000000" }]);
    await put(id, { operation_definition: { max_backups: 3 } });
    expect(await runs()).toHaveLength(1);
  });

  it("filters by the time of the point and pages by offset", async () => {
    const { id } = await create();
    for (const _ of [1, 2, 3]) await vault({ backup_policy_id: id });
    expect(await runs("?start_time=2030-01-03T02:30:00Z&end_time=2030-01-03T02:30:00Z")).toHaveLength(3);
    expect(await runs("?start_time=2030-01-03T02:30:01Z")).toEqual([]);
    expect(await runs("?limit=2&offset=2")).toHaveLength(1);
    expect((await host.call("GET", "/holdfast/runs?limit=1")).body.count).toBe(3);
    expect(refused(await host.call("GET", "/holdfast/runs?state=lost"))).toEqual([400, "9900"]);
  });
});
