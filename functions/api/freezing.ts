/** Freezing vaults of this host: an extension of ours. On AWS the operator's admin function does it, not the account's users. */
import { freezeVault as freeze } from "../../core/app/vaults/freeze-vault.ts";
import { parseBody } from "./kit/fields.ts";
import type { ApiRequest, ApiResponse, Handler } from "./kit/request.ts";
import { refusal } from "./kit/wire-errors.ts";
import type { HostServices } from "./resources.ts";
import { freezeBody, unfreezeBody } from "./schemas/freezing.ts";

async function change(request: ApiRequest, services: HostServices, frozen: boolean): Promise<ApiResponse> {
  const { body, path, projectId } = request;
  // Where the cloud knows the resources, users and operator are not the same people.
  if (services.inventory === undefined)
    return refusal(
      501,
      "BackupService.9910",
      "on this host the operator freezes vaults: holdfast admin vault --stack NAME",
    );
  const { scene } = frozen ? parseBody(freezeBody, body) : { ...parseBody(unfreezeBody, body), scene: undefined };
  const vault = await freeze(services, { vaultId: path.vault_id ?? "", frozen, scene, projectId });
  return { status: 200, body: { vault: { id: vault.id, name: vault.name, status: vault.status } } };
}

export const freezeVault: Handler<HostServices> = (request, services) => change(request, services, true);
export const unfreezeVault: Handler<HostServices> = (request, services) => change(request, services, false);
