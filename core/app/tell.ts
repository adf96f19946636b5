/** Telling people what happened never fails the work that it tells of. */
import type { Notice } from "../ports/notifier.ts";
import { vaultKey } from "./records/keys.ts";
import { load, vaults } from "./records/tables.ts";
import type { Services } from "./services.ts";

/** The facts are recorded already; a notifier that fails costs a log line. */
export async function tell(s: Pick<Services, "notifier" | "log">, notice: Notice): Promise<void> {
  try {
    await s.notifier.notify(notice);
  } catch (error) {
    s.log({ level: "error", text: "notice not given", topic: notice.topic, facts: notice.facts, error: String(error) });
  }
}

/** What happened in a vault is told unless its owner has silenced it (CAP-26). When that cannot be read, it is told. */
export async function tellOfVault(
  s: Pick<Services, "records" | "notifier" | "log">,
  vaultId: string,
  notice: Notice,
): Promise<void> {
  const vault = await load(s.records, vaults, vaultKey(vaultId)).catch((error: unknown) => {
    s.log({ level: "warn", text: "whether a vault is silenced is not known", vaultId, error: String(error) });
    return undefined;
  });
  if (vault?.smnNotify !== false) await tell(s, notice);
}
