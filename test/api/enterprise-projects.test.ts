/** Is a vault shown in the enterprise project that it was moved to, and who may move it? */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Services } from "../../core/app/services.ts";
import { moveToEnterpriseProject } from "../../core/app/vaults/move-enterprise-project.ts";
import { backupRow, putBackup } from "../support/backup-rows.ts";
import { vaultBody } from "../support/vault-host.ts";
import { keyOf, order, PASSWORD, send, tokenOf, userWith, verdictOf } from "./kit/accounts.ts";
import { bodyOf, type IdentityHost, identityHost } from "./kit/identity-host.ts";

let host: IdentityHost;
let project: string;
let vault: string;
let token: string;
beforeAll(async () => {
  host = await identityHost();
  project = host.credentials.project_id;
  token = await tokenOf(host, "admin", host.credentials.password);
  await userWith(host, "reader", "CBR ReadOnlyAccess");
  await userWith(host, "cbr", "CBR FullAccess");
});
afterAll(() => host.close());
beforeEach(async () => {
  const made = await ours("POST", `/v3/${project}/vaults`, vaultBody());
  vault = bodyOf<{ vault: { id: string } }>(made).vault.id;
});

const ours = (method: string, target: string, body?: unknown) => send(host, method, target, { token, body });
const eps = "/v1.0/enterprise-projects";
const wanted = (change: object = {}) => ({
  resource_type: "vault",
  resource_id: vault,
  project_id: project,
  region_id: "here-1",
  ...change,
});
const move = (to: string, change: object = {}) => ours("POST", `${eps}/${to}/resources-migrate`, wanted(change));
interface Held {
  readonly resources: readonly { readonly resource_id: string; readonly enterprise_project_id: string }[];
  readonly total_count: number;
}
const held = async (of: string, change: object = {}) => {
  const ask = { projects: [project], resource_types: ["vault"], limit: 1000, offset: 0, ...change };
  return bodyOf<Held>(await ours("POST", `${eps}/${of}/resources/filter`, ask));
};
const shown = async (path: string, member: string) =>
  bodyOf<Record<string, { enterprise_project_id: string }>>(await ours("GET", `/v3/${project}${path}`))[member]
    ?.enterprise_project_id;

it("moves a vault as Terraform does: 204, and then the vault and its backups are where they were moved to (VLT-17)", async () => {
  for (const id of [`${vault}-a`.slice(-36), `${vault}-b`.slice(-36)])
    await putBackup(host.records, backupRow(id, { projectId: project, vaultId: vault }));
  const other = backupRow("another-vaults", { projectId: project, vaultId: "elsewhere" });
  await putBackup(host.records, other);
  expect(await shown(`/vaults/${vault}`, "vault")).toBe("0");
  expect((await move("eps-2")).statusCode).toBe(204);
  expect(await shown(`/vaults/${vault}`, "vault")).toBe("eps-2");
  const listed = bodyOf<{ backups: { vault_id: string }[] }>(
    await ours("GET", `/v3/${project}/backups?enterprise_project_id=eps-2`),
  );
  expect(listed.backups.map(({ vault_id }) => vault_id)).toEqual([vault, vault]);
  const vaults = bodyOf<{ vaults: { id: string }[] }>(
    await ours("GET", `/v3/${project}/vaults?enterprise_project_id=eps-2`),
  );
  expect(vaults.vaults.map(({ id }) => id)).toEqual([vault]);
  expect(await held("eps-2")).toEqual({
    resources: [
      {
        enterprise_project_id: "eps-2",
        project_id: project,
        resource_type: "vault",
        resource_id: vault,
        resource_name: "vault-demo",
      },
    ],
    errors: [],
    total_count: 1,
  });
  // As Terraform pages: until there is nothing more.
  expect((await held("eps-2", { offset: 1 })).resources).toEqual([]);
  expect((await held("eps-2", { resource_types: ["ecs"] })).total_count).toBe(0);
  expect((await held("0")).resources.map(({ resource_id }) => resource_id)).not.toContain(vault);
  expect((await move("eps-2")).statusCode).toBe(204);
  expect((await move("0")).statusCode).toBe(204);
  expect((await held("eps-2")).total_count).toBe(0);
});

it("takes a backup along that is changed at the same time (VLT-17)", async () => {
  await putBackup(host.records, backupRow(`m${vault}`.slice(0, 36), { projectId: project, vaultId: vault }));
  const services = { records: host.records, now: () => host.clock.now } as Pick<Services, "records" | "now">;
  const ask = { projectId: project, vaultId: vault, enterpriseProjectId: "eps-3" };
  const rename = ours("PUT", `/v3/${project}/backups/${`m${vault}`.slice(0, 36)}`, { backup: { name: "renamed" } });
  const [, , renamed] = await Promise.all([
    moveToEnterpriseProject(services, ask),
    moveToEnterpriseProject(services, ask),
    rename,
  ]);
  expect(renamed.statusCode).toBe(200);
  const { backup } = bodyOf<{ backup: object }>(
    await ours("GET", `/v3/${project}/backups/${`m${vault}`.slice(0, 36)}`),
  );
  expect(backup).toMatchObject({ name: "renamed", enterprise_project_id: "eps-3" });
});

it("leaves a trace with the vault's project", async () => {
  host.clock.now += 1000;
  await move("eps-4");
  const { traces } = bodyOf<{ traces: object[] }>(await ours("GET", `/v3/${project}/holdfast/audit?limit=1`));
  expect(traces).toMatchObject([{ trace_name: "updateVault", resource_id: vault }]);
});

it("refuses who may not change the vault, and what is no vault", async () => {
  const target = `${eps}/eps-5/resources-migrate`;
  const as = async (name: string) => send(host, "POST", target, { token: await tokenOf(host, name), body: wanted() });
  expect(verdictOf(await as("reader"))).toEqual([403, "APIGW.0302"]);
  expect((await as("cbr")).statusCode).toBe(204);
  const domain = await order(host, { action: "domain-create", name: "elsewhere" });
  await order(host, { action: "project-create", name: "here-1", domain: domain.id });
  const { id } = await order(host, { action: "user-create", name: "other", domain: domain.id, password: PASSWORD });
  const stranger = await keyOf(host, id);
  for (const path of [target, `${eps}/0/resources/filter`]) {
    const body = path === target ? wanted() : { projects: [project] };
    expect(verdictOf(await send(host, "POST", path, { key: stranger, body }))).toEqual([403, "APIGW.0302"]);
    expect((await send(host, "POST", path, { body })).statusCode).toBe(401);
  }
  expect(verdictOf(await move("e", { resource_id: "none" }))).toEqual([404, "BackupService.6105"]);
  expect(verdictOf(await move("e", { resource_type: "ecs" }))).toEqual([400, "BackupService.9900"]);
  expect(verdictOf(await move("e".repeat(65)))).toEqual([400, "BackupService.9900"]);
});
