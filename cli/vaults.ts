/** What do the commands on vaults have in common? */
import { type Client, type Row, rowOf } from "./client.ts";
import { CommandFailed } from "./failure.ts";
import { cell } from "./text.ts";

/** Wire type of what a vault of each kind protects (cbr-api §8.2). */
const resourceTypes: Readonly<Record<string, string>> = {
  disk: "OS::Cinder::Volume",
  server: "OS::Nova::Server",
};

/** The vault with this id. @throws ApiError */
export async function getVault(client: Client, id: string): Promise<Row> {
  return rowOf(await client.get(`/vaults/${id}`), "vault");
}

/** Resources as the API wants them: their type follows from the kind of vault. @throws CommandFailed */
export function toResources(objectType: unknown, ids: readonly string[]): { id: string; type: string }[] {
  const type = resourceTypes[String(objectType)];
  if (type === undefined && ids.length > 0)
    throw new CommandFailed(`a vault of type ${cell(objectType)} takes no disks and no servers`);
  return ids.map((id) => ({ id, type: type ?? "" }));
}

/** What a vault made here may protect. */
export const vaultTypes = Object.keys(resourceTypes);
