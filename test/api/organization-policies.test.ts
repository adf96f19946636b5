/** Are organisation policies kept as they were sent, and does nothing pretend that they were rolled out? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectKey } from "../../core/app/identity/records.ts";
import { insertAt } from "../../core/app/records/tables.ts";
import { MAX_PER_TYPE } from "../../core/domain/organization-policy.ts";
import { PROFILES } from "../../core/domain/profile.ts";
import { createVaultHost, PROJECT, type VaultHost } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(async () => {
  host = createVaultHost();
  await host.records.write(insertAt({ key: projectKey(PROJECT) }, { id: PROJECT, name: "here", domainId: "d" }));
});
afterEach(() => host.close());

const code = (n: string) => `BackupService.${n}`;
const WEEKLY = "FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=14;BYMINUTE=00";
const trigger = (...pattern: string[]) => ({ properties: { pattern } });
const sent = (change: object = {}) => ({
  policy: {
    name: "org-nightly",
    operation_type: "backup",
    policy_name: "nightly",
    policy_enabled: true,
    policy_operation_definition: { max_backups: 10, day_backups: 0, retention_duration_days: -1 },
    policy_trigger: trigger(WEEKLY),
    ...change,
  },
});
const path = "/organization-policies";
const create = (change: object = {}) => host.call("POST", path, sent(change));
const made = async (change: object = {}) => (await create(change)).body.policy;
const update = (id: string, policy: object) => host.call("PUT", `${path}/${id}`, { policy });

describe("creating and showing (#24, #26)", () => {
  it("ORG-01: shows what was sent and nothing that was not (cbr-api 5.8, echo rule)", async () => {
    const { status, body } = await create({ description: "for all", effective_scope: "root" });
    expect(status).toBe(200);
    expect(body.policy).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "org-nightly",
      description: "for all",
      operation_type: "backup",
      domain_id: "d",
      domain_name: "acct",
      effective_scope: "root",
      policy_name: "nightly",
      policy_enabled: true,
      policy_operation_definition: { max_backups: 10, day_backups: 0, retention_duration_days: -1 },
      policy_trigger: { properties: { pattern: [WEEKLY] } },
      status: "syncing",
    });
    expect(await host.call("GET", `${path}/${body.policy.id}`)).toEqual({ status: 200, body });
  });

  it.each([
    [{ name: "" }, "policy.name: must be 1 to 64"],
    [{ operation_type: "copy" }, "policy.operation_type: must be"],
    [{ policy_enabled: undefined }, "policy.policy_enabled: is missing"],
    [{ policy_trigger: undefined }, "policy.policy_trigger: is missing"],
    [{ policy_trigger: trigger() }, "policy.policy_trigger.properties.pattern: must have 1 to 24 elements"],
    [{ policy_trigger: trigger("FREQ=DAILY;BYHOUR=1;BYMINUTE=30") }, "pattern[0]: BYMINUTE must be 00"],
    [
      { policy_operation_definition: { max_backups: 100_000 } },
      "policy_operation_definition.max_backups: must be at most",
    ],
    [{ policy_operation_definition: { day_backups: 1 } }, "policy_operation_definition.timezone: is missing"],
    [
      { policy_operation_definition: { max_backups: 1, retention_duration_days: 1 } },
      "retention_duration_days: must not be set together with max_backups",
    ],
    [{ operation_type: "replication" }, "policy_operation_definition.destination_region: is missing"],
    [
      {
        operation_type: "replication",
        policy_operation_definition: { destination_region: "here", destination_project_id: "p" },
      },
      "destination_region: must be another region than this one, here",
    ],
  ])("ORG-01, ORG-05: refuses %j with 9900", async (change, text) => {
    const { status, body } = await create(change);
    expect([status, body.error_code]).toEqual([400, code("9900")]);
    expect(body.error_msg).toContain(text);
  });

  it("QTA-04: refuses one more than an account may have of a type with 6001, also of two at once", async () => {
    for (let n = 0; n < MAX_PER_TYPE - 1; n++) await create({ name: `p${n}` });
    const both = await Promise.all([create(), create()]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect((await create()).body.error_code).toBe(code("6001"));
    const target = { destination_region: "there", destination_project_id: "p" };
    const other = await create({ operation_type: "replication", policy_operation_definition: target });
    expect(other.status).toBe(200);
  });
});

it.each([
  ["POST", path, sent()],
  ["GET", `${path}?operation_type=backup`, undefined],
  ["GET", `${path}/some-id`, undefined],
  ["PUT", `${path}/some-id`, { policy: { name: "x" } }],
  ["DELETE", `${path}/some-id`, undefined],
  ["GET", `${path}/some-id/policy-detail`, undefined],
])("ORG-06: %s %s is a path that the profile otc does not know, and huawei does", async (method, at, body) => {
  const codeOf = async () => (await host.call(method, at, body)).body?.error_code;
  expect(await codeOf()).not.toBe("APIGW.0101");
  host.profile = PROFILES.otc;
  const refused = await host.call(method, at, body);
  expect([refused.status, refused.body.error_code]).toEqual([404, "APIGW.0101"]);
  expect(refused.body.error_msg).toContain("profile otc");
});

describe("listing (#25, #29)", () => {
  it("is of one type, which must be named, and pages", async () => {
    const [a, b] = [await made({ name: "a" }), await made({ name: "b" })];
    const list = async (query: string) => (await host.call("GET", `${path}${query}`)).body;
    const all = await list("?operation_type=backup");
    expect(all.policies.map(({ id }: { id: string }) => id).sort()).toEqual([a.id, b.id].sort());
    expect([all.count, all.limit, all.offset]).toEqual([2, 1000, 0]);
    expect((await list("?operation_type=backup&limit=1&offset=1")).policies).toHaveLength(1);
    expect(await list("?operation_type=replication")).toMatchObject({ policies: [], count: 0 });
    for (const query of ["", "?operation_type=copy"])
      expect(await list(query)).toMatchObject({
        error_code: code("9900"),
        error_msg: expect.stringContaining("operation_type: "),
      });
  });

  it("ORG-02: names no project that a policy has reached, as none is rolled out", async () => {
    const { id } = await made();
    expect(await host.call("GET", `${path}/${id}/policy-detail`)).toEqual({
      status: 200,
      body: { policies: [], count: 0, limit: 1000, offset: 0 },
    });
  });
});

describe("updating and deleting (#27, #28)", () => {
  it("replaces the definition as a whole, and leaves alone what is not named (cbr-api 5.8, replace rule)", async () => {
    const { id } = await made();
    const { status, body } = await update(id, { policy_operation_definition: { retention_duration_days: 30 } });
    expect(status).toBe(200);
    expect(body.policy).toMatchObject({ name: "org-nightly", policy_trigger: { properties: { pattern: [WEEKLY] } } });
    expect(body.policy.policy_operation_definition).toEqual({ retention_duration_days: 30 });
    const renamed = await update(id, { name: "other", policy_enabled: false });
    expect(renamed.body.policy).toEqual({ ...body.policy, name: "other", policy_enabled: false });
    expect((await host.call("GET", `${path}/${id}`)).body).toEqual(renamed.body);
  });

  it("ORG-05: refuses a schedule that creation would refuse, and keeps the old one", async () => {
    const { id } = await made();
    const { status, body } = await update(id, { policy_trigger: trigger("FREQ=DAILY;BYHOUR=1;BYMINUTE=59") });
    expect([status, body.error_code]).toEqual([400, code("9900")]);
    const { policy } = (await host.call("GET", `${path}/${id}`)).body;
    expect(policy.policy_trigger.properties.pattern).toEqual([WEEKLY]);
  });

  it("deletes with 204, and then it is gone", async () => {
    const { id } = await made();
    expect(await host.call("DELETE", `${path}/${id}`)).toEqual({ status: 204, body: undefined });
    expect((await host.call("GET", `${path}/${id}`)).status).toBe(404);
  });

  it.each([
    ["GET", "", undefined],
    ["PUT", "", { policy: { name: "x" } }],
    ["DELETE", "", undefined],
    ["GET", "/policy-detail", undefined],
  ])("%s …%s of a policy that is not there is 404 6000", async (method, suffix, body) => {
    const answer = await host.call(method, `${path}/no-such-policy${suffix}`, body);
    expect([answer.status, answer.body.error_code]).toEqual([404, code("6000")]);
  });
});
