/** Where are accounts changed? In a deployment on AWS, through the running service, or in its folder when none runs. */
import type { AdminOrder, AdminResult } from "../core/app/identity/admin/orders.ts";
import { type Row, rowOf, sendToAccount } from "./client.ts";
import { type AccessOptions, accessOf, told } from "./commands/admin-access.ts";
import { defaultDataDir } from "./connection.ts";
import type { Context } from "./context.ts";
import { ServiceUnreachable } from "./failure.ts";

/** Without `stack` it is a service of `--data` or HOLDFAST_URL. */
export interface Target extends AccessOptions {
  readonly stack?: string;
}

/**
 * Carries out an order. Only when there certainly is no service (no credentials yet, or nothing listens at their address) the
 * folder itself is opened; its lock keeps a service out for that moment.
 */
export async function order(context: Context, target: Target, what: AdminOrder): Promise<AdminResult> {
  if (target.stack !== undefined) {
    // The AWS SDK is loaded only here.
    const { administerDeployment } = await import("../functions/aws/operate.ts");
    return told(administerDeployment(accessOf(target), target.stack, what));
  }
  const connection = context.connection();
  if (connection === undefined) return offline(context.data ?? defaultDataDir, what);
  try {
    return resultOf(await sendToAccount(connection, "/v3/holdfast/administration", what));
  } catch (error) {
    const notRunning = error instanceof ServiceUnreachable && error.refused;
    if (!notRunning || connection.dataDir === undefined) throw error;
    return offline(connection.dataDir, what);
  }
}

/** Loaded only here: commands that talk to the service start faster without the whole host. */
async function offline(dataDir: string, what: AdminOrder): Promise<AdminResult> {
  const { administerOffline } = await import("../local/offline.ts");
  return told(administerOffline(dataDir, what));
}

const resultOf = (answer: Row): AdminResult =>
  Array.isArray(answer.result) ? (answer.result as Row[]) : rowOf(answer, "result");
