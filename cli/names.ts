/** Which object does the user mean? Ids are taken as they are; anything else is looked up as a name. */
import type { Client, Row } from "./client.ts";
import { CommandFailed } from "./failure.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const LISTS = { vault: "vaults", backup: "backups", policy: "policies" } as const;

/** Names need not be unique (VLT-05), so a name that several objects have is refused rather than guessed at. */
async function findId(client: Client, kind: keyof typeof LISTS, given: string): Promise<string> {
  if (UUID.test(given)) return given;
  const rows: Row[] = await client.list(`/${LISTS[kind]}`, LISTS[kind], { name: given });
  const ids = rows.flatMap(({ name, id }) => (name === given && typeof id === "string" ? [id] : []));
  const [first, second] = ids;
  if (first === undefined) throw new CommandFailed(`no ${kind} is named "${given}"`);
  if (second !== undefined)
    throw new CommandFailed(`${ids.length} ${LISTS[kind]} are named "${given}"; use an id: ${ids.join(", ")}`);
  return first;
}

/** Id of the vault with this id or name. @throws CommandFailed when there is none, or more than one */
export const vaultId = (client: Client, given: string): Promise<string> => findId(client, "vault", given);

/** Id of the backup with this id or name. @throws CommandFailed when there is none, or more than one */
export const backupId = (client: Client, given: string): Promise<string> => findId(client, "backup", given);

/** Id of the policy with this id or name. @throws CommandFailed when there is none, or more than one */
export const policyId = (client: Client, given: string): Promise<string> => findId(client, "policy", given);
