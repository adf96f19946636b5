/** Is every offer of a backup judged before it is refused, and is no backup ever shown as shared? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectKey } from "../../core/app/identity/records.ts";
import { vaultKey } from "../../core/app/records/keys.ts";
import { insertAt, load, replace, vaults } from "../../core/app/records/tables.ts";
import { SERVER } from "../../core/domain/resource-types.ts";
import { backupRow, changeBackup, partRow, putBackup } from "../support/backup-rows.ts";
import { createVaultHost, PROJECT, type VaultHost, vaultBody } from "../support/vault-host.ts";

const OTHER = "b".repeat(32);
const code = (n: string) => `BackupService.${n}`;

let host: VaultHost;
let vaultId: string;
beforeEach(async () => {
  host = createVaultHost();
  for (const [id, name] of [
    [PROJECT, "here"],
    [OTHER, "other"],
  ] as const)
    await host.records.write(insertAt({ key: projectKey(id) }, { id, name, domainId: "d" }));
  vaultId = (await host.call("POST", "/vaults", vaultBody())).body.vault.id;
  await putBackup(host.records, backupRow("b1", { vaultId }), [partRow("b1", "b1")]);
});
afterEach(() => host.close());

const offer = (members: unknown, id = "b1") => host.call("POST", `/backups/${id}/members`, { members });
const refusal = async (asked: ReturnType<VaultHost["call"]>) => {
  const { status, body } = await asked;
  return [status, body.error_code];
};

describe("offering a backup (#42)", () => {
  it("SHR-02: is refused with 6707 and a plain reason when everything about it is right", async () => {
    expect(await offer([OTHER])).toEqual({
      status: 400,
      body: {
        error_code: code("6707"),
        error_msg: "backup b1 cannot be shared: sharing is not built yet in this version of Holdfast",
      },
    });
    expect((await host.call("GET", "/backups/b1/members")).body).toEqual({ members: [], count: 0 });
  });

  it.each([
    ["SHR-01: more than ten projects", Array.from({ length: 11 }, () => OTHER), "6701", "at most 10 projects, not 11"],
    ["SHR-05: a malformed id", ["x"], "6704", "members[0]: must be the id of a project"],
    ["SHR-05: the owner's own project", [PROJECT], "6704", "members[0]: the backup is this project's own"],
    ["SHR-05: a project that does not exist", [OTHER, "c".repeat(32)], "6704", "members[1]: there is no project"],
    ["SHR-05: a project twice", [OTHER, OTHER], "6703", "members[1]: "],
    ["no project", [], "9900", "members: must have at least 1 element"],
    ["no list", undefined, "9900", "members: is missing: must be a list"],
  ])("refuses %s", async (_, members, number, text) => {
    const { status, body } = await offer(members);
    expect([status, body.error_code]).toEqual([400, code(number)]);
    expect(body.error_msg).toContain(text);
  });

  it("SHR-01: ten projects are not too many", async () => {
    const ten = Array.from({ length: 10 }, (_, i) => String(i).repeat(32));
    const { body } = await offer(ten);
    expect(body).toMatchObject({
      error_code: code("6704"),
      error_msg: expect.stringContaining("there is no project 0"),
    });
  });

  it("SHR-03: refuses a backup that is not available (6702), and one whose vault is being deleted (6712)", async () => {
    await changeBackup(host.records, "b1", { status: "protecting" });
    expect(await refusal(offer([OTHER]))).toEqual([400, code("6702")]);
    await changeBackup(host.records, "b1", { status: "available" });
    const vault = await load(host.records, vaults, vaultKey(vaultId));
    if (vault) await host.records.write(replace(vaults, { ...vault, status: "deleting" }));
    expect(await refusal(offer([OTHER]))).toEqual([400, code("6712")]);
  });

  it("SHR-02: refuses one disk of a server's backup (6707), and answers 404 6200 for what is not there", async () => {
    await putBackup(host.records, backupRow("b2", { vaultId, resourceType: SERVER }), [partRow("b2", "child")]);
    expect((await offer([OTHER], "child")).body.error_msg).toContain("one disk of the server backup b2");
    expect(await refusal(offer([OTHER], "nope"))).toEqual([404, code("6200")]);
  });
});

describe("members (#43–#46)", () => {
  it("there are none: the list is empty, one that is named is 404 6705", async () => {
    expect(await host.call("GET", "/backups/b1/members?limit=10&status=pending")).toEqual({
      status: 200,
      body: { members: [], count: 0 },
    });
    expect(await refusal(host.call("GET", `/backups/b1/members/${OTHER}`))).toEqual([404, code("6705")]);
    expect(await refusal(host.call("DELETE", `/backups/b1/members/${OTHER}`))).toEqual([404, code("6705")]);
  });

  it("of a backup that is not there are 404 6200", async () => {
    for (const [method, path] of [
      ["GET", ""],
      ["GET", `/${OTHER}`],
      ["DELETE", `/${OTHER}`],
    ] as const)
      expect(await refusal(host.call(method, `/backups/nope/members${path}`))).toEqual([404, code("6200")]);
    expect((await host.call("GET", "/backups/b1/members?limit=0")).body.error_code).toBe(code("9900"));
  });

  it("SHR-07: a recipient to whom nothing was offered gets 6705, and learns nothing of the backup", async () => {
    const answer = (id: string, body: object) => host.call("PUT", `/backups/${id}/members/${PROJECT}`, body);
    for (const id of ["b1", "nope"]) {
      expect(await refusal(answer(id, { status: "rejected" }))).toEqual([404, code("6705")]);
      expect(await refusal(answer(id, { status: "accepted", vault_id: vaultId }))).toEqual([404, code("6705")]);
    }
  });

  it.each([
    [{}, "9900", "status: must be"],
    [{ status: "accept" }, "9900", "status: must be"],
    [{ status: "accepted" }, "9900", "vault_id: is missing"],
    [{ status: "accepted", vault_id: "nope" }, "6105", "nope"],
  ])("SHR-08: refuses the answer %j", async (body, number, text) => {
    const answer = await host.call("PUT", `/backups/b1/members/${PROJECT}`, body);
    expect(answer.body.error_code).toBe(code(number));
    expect(answer.body.error_msg).toContain(text);
  });
});
