/** How is each thing of the matrix asked for? */
import { startCheckpoint } from "../../core/app/backup/create-checkpoint.ts";
import { firePoint } from "../../core/app/policies/fire-point.ts";
import { loadLink } from "../../core/app/records/policies.ts";
import { freezeVault } from "../../core/app/vaults/freeze-vault.ts";
import { Fault } from "../../core/domain/fault.ts";
import type { Request } from "../../core/domain/matrix.ts";
import { startDelay } from "../../core/domain/schedule.ts";
import type { AppHost } from "../support/app-host.ts";
import { PROJECT, serverResource } from "../support/vault-host.ts";
import { OTHER_PROJECT, RESOURCE_ID, type World } from "./world.ts";

/** What came of a request: `ok`, the refusal's code, or how a run of a policy left the resource out. */
export type Outcome = string;

/** A request through the API. @returns `ok` or the code */
export async function call(host: AppHost, method: string, path: string, body?: unknown): Promise<Outcome> {
  const answer = await host.call(method, path, body);
  if (answer.status < 300) return "ok";
  const code = String(answer.body.error_code).replace("BackupService.", "");
  // CCY-01: at once, and with 400, but for codes that the contract gives another status.
  if (answer.status !== 400) throw new Error(`${method} ${path}: ${answer.status} ${code}`);
  return code;
}

const destination = { destination_project_id: OTHER_PROJECT, destination_region: "elsewhere" };
const FAR = "11111111-1111-4111-8111-111111111111";

/** Asks for each thing, about s1 or this backup of it. There is none for images: no operation makes one. */
export const ASK: Readonly<Record<Exclude<Request, "image">, (w: World, backup: string) => Promise<Outcome>>> = {
  backup: ({ host, vault }) =>
    call(host, "POST", "/checkpoints", { checkpoint: { vault_id: vault, parameters: { resources: [RESOURCE_ID] } } }),
  scheduled,
  restore: ({ host }, backup) =>
    call(host, "POST", `/backups/${backup}/restore`, { restore: { server_id: RESOURCE_ID } }),
  delete: ({ host }, backup) => call(host, "DELETE", `/backups/${backup}`),
  replicate: ({ host }, backup) =>
    call(host, "POST", `/backups/${backup}/replicate`, { replicate: { ...destination, destination_vault_id: FAR } }),
  remove: ({ host, vault }) => call(host, "POST", `/vaults/${vault}/removeresources`, { resource_ids: [RESOURCE_ID] }),
  migrate: ({ host, vault, other }) =>
    call(host, "POST", `/vaults/${vault}/migrateresources`, {
      destination_vault_id: other,
      resource_ids: [RESOURCE_ID],
    }),
  change: ({ host, vault }) => call(host, "PUT", `/vaults/${vault}`, { vault: { billing: { size: 200 } } }),
  "delete-vault": ({ host, vault }) => call(host, "DELETE", `/vaults/${vault}`),
  share: ({ host }, backup) => call(host, "POST", `/backups/${backup}/members`, { members: [OTHER_PROJECT] }),
  undelete: ({ host, trashed }) => call(host, "POST", `/holdfast/backups/${trashed}/undelete`, {}),
  bind: ({ host, vault }) =>
    call(host, "POST", `/vaults/${vault}/addresources`, { resources: [serverResource(RESOURCE_ID)] }),
  edit: ({ host, vault }) => call(host, "PUT", `/vaults/${vault}`, { vault: { name: "renamed" } }),
  tag: ({ host, vault }) => call(host, "POST", `/vault/${vault}/tags`, { tag: { key: "k", value: "v" } }),
  freeze: ({ host, vault }) =>
    freezeVault(host.services, { vaultId: vault, frozen: true, projectId: PROJECT }).then(
      () => "ok",
      (error: unknown) => {
        if (error instanceof Fault) return error.code;
        throw error;
      },
    ),
};

/** The point of the policy comes. @returns `ok` when s1 takes part, else `skip` and the code that the ledger or the run shows */
async function scheduled({ host, vault, policy }: World): Promise<Outcome> {
  const link = await loadLink(host.records, policy, vault);
  // Whoever deletes a vault releases it from its policies first: no point is left that could start anything.
  if (link?.next === undefined) return "skip: no point";
  host.clock.ahead = link.next + startDelay(vault) - Date.now() + 1000;
  const { start } = await firePoint(host.services, { schema: 1, policyId: policy, vaultId: vault, nominal: link.next });
  if (start !== undefined) await startCheckpoint(host.services, start);
  const { runs } = (await host.call("GET", `/holdfast/runs?vault_id=${vault}`)).body;
  const run = runs.find(({ state }: { state: string }) => state !== "expected");
  const plain = (code: string) => code.replace("BackupService.", "");
  if (run.state === "skipped") return `skip: ${plain(run.error_code)}`;
  const { checkpoint } = (await host.call("GET", `/checkpoints/${run.checkpoint_id}`)).body;
  const skipped = checkpoint.vault.skipped_resources.find(({ id }: { id: string }) => id === RESOURCE_ID);
  return skipped === undefined ? "ok" : `skip: ${plain(skipped.code)}`;
}
