/** What can an operator do with a deployment from their own machine? */
import { findDeployment, invokeAdmin } from "../../adapters/aws/deployment.ts";
import { type OperatorAccess, OperatorRefused } from "../../adapters/aws/operator.ts";
import { readQuotas } from "../../adapters/aws/quotas.ts";
import type { AdminOrder, AdminResult } from "../../core/app/identity/admin/orders.ts";
import type { FreezeAsk } from "../../core/app/vaults/freeze-vault.ts";
import { BootstrapAnswer, FreezeAnswer, OrderAnswer } from "./admin-contract.ts";
import { type Finding, judgeQuotas } from "./preflight.ts";

/**
 * Makes the first account, once. `ready` is called when everything is found and the function is about to be called.
 * @throws OperatorRefused
 */
export async function bootstrapDeployment(
  access: OperatorAccess,
  name: string,
  ready: () => void,
): Promise<BootstrapAnswer & { readonly url: string }> {
  const { url, adminFunction } = await findDeployment(access, name);
  ready();
  const answer = BootstrapAnswer.safeParse(await invokeAdmin(access, adminFunction, { action: "bootstrap" }));
  // Never the answer itself: it may hold secrets.
  if (!answer.success) throw otherVersion(adminFunction);
  return { ...answer.data, url };
}

const otherVersion = (adminFunction: string): OperatorRefused =>
  new OperatorRefused(`${adminFunction} is of another version than this program: it answered otherwise`);

/** Freezes a vault of the deployment, or releases it. `vaultId` is an id, no name. @throws OperatorRefused */
export async function freezeDeployedVault(
  access: OperatorAccess,
  name: string,
  { vaultId, frozen, scene }: FreezeAsk,
): Promise<{ readonly id: string; readonly name: string; readonly status: string }> {
  const { adminFunction } = await findDeployment(access, name);
  const request = { action: "freeze-vault", vault_id: vaultId, frozen, ...(scene !== undefined && { scene }) };
  const answer = FreezeAnswer.safeParse(await invokeAdmin(access, adminFunction, request));
  if (!answer.success) throw otherVersion(adminFunction);
  if ("refused" in answer.data) throw new OperatorRefused(answer.data.refused);
  return answer.data.vault;
}

/** Carries out an order on the accounts of a deployment. @throws OperatorRefused, also with the reason of the administration */
export async function administerDeployment(
  access: OperatorAccess,
  name: string,
  order: AdminOrder,
): Promise<AdminResult> {
  const { adminFunction } = await findDeployment(access, name);
  const answer = OrderAnswer.safeParse(await invokeAdmin(access, adminFunction, order));
  if (!answer.success) throw otherVersion(adminFunction);
  if ("refused" in answer.data) throw new OperatorRefused(answer.data.refused);
  return answer.data.result;
}

/** Quotas of the account, held against what a deployment takes. `name`: one that may stand already. @throws OperatorRefused */
export async function preflightDeployment(
  access: OperatorAccess,
  name: string | undefined,
): Promise<{ readonly region: string; readonly findings: readonly Finding[]; readonly problems: readonly string[] }> {
  const account = await readQuotas(access, ["lambda", "ebs", "states"]);
  const deployed = name !== undefined && (await isDeployed(access, name));
  return { region: account.region, findings: judgeQuotas(account, { deployed }), problems: account.problems };
}

async function isDeployed(access: OperatorAccess, name: string): Promise<boolean> {
  try {
    await findDeployment(access, name);
    return true;
  } catch (error) {
    if (error instanceof OperatorRefused && /there is no stack/.test(error.message)) return false;
    throw error;
  }
}
