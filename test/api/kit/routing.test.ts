/** Which operation does a method and path mean? */
import { afterAll, beforeAll, expect, it } from "vitest";
import { OPERATIONS } from "../../../functions/api/operations.ts";
import { bodyOf, eventOf, type IdentityHost, identityHost, tokenOf } from "./identity-host.ts";

let host: IdentityHost;
let token: string;
beforeAll(async () => {
  // Each answers its name, but the one that signs in.
  const names = OPERATIONS.map(([, name]) => name).filter((name) => name !== "CreateToken");
  host = await identityHost(
    Object.fromEntries(names.map((name) => [name, async () => ({ status: 200, body: { name } })])),
  );
  token = await tokenOf(host);
});
afterAll(() => host.close());

async function operation(method: string, path: string): Promise<unknown> {
  const body = method === "GET" || method === "DELETE" ? undefined : {};
  return bodyOf(await host.api(eventOf(method, path, { headers: { "x-auth-token": token }, body }))).name;
}

it.each([
  ["GET", "vaults/summary", "ShowSummary"],
  ["GET", "vaults/external", "ListExternalVault"],
  ["GET", "external_vaults", "ListExternalVault"],
  ["PUT", "vaults/batch-update", "BatchUpdateVault"],
  ["PUT", "vaults/x/set_resource", "SetVaultResource"],
  ["POST", "checkpoints/replicate", "CopyCheckpoint"],
  ["POST", "backups/sync", "ImportBackup"],
  ["GET", "vault/tags", "ShowVaultProjectTag"],
  ["POST", "vault/resource_instances/action", "ShowVaultResourceInstances"],
  ["GET", "vault/x/tags", "ShowVaultTag"],
  ["POST", "vaults/order", "CreatePostPaidVault"],
  ["POST", "vaults/change-charge-mode", "ChangeVaultChargeMode"],
  ["GET", "holdfast/audit", "ListAudit"],
  ["GET", "holdfast/audit/batches", "ListAuditBatches"],
])("takes %s …/%s for %s", async (method, path, name) => {
  expect(await operation(method, `/v3/${host.credentials.project_id}/${path}`)).toBe(name);
});

it.each([
  ["/v3/domain/x/projects", "ListDomainProjects"],
  ["/v3/domain/x", "ShowDomain"],
  ["/v3/migrates", "ShowMigrateStatus"],
])("takes GET %s for %s, which has no project in its path", async (path, name) => {
  expect(await operation("GET", path)).toBe(name);
});
