/** Small disk images that the service knows as resources. */
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "../../test/support/api-client.ts";

/** `count` sparse images of 1 MiB below `folder`, registered. @returns what binds them to a vault */
export async function addDisks(
  api: ApiClient,
  folder: string,
  count: number,
): Promise<{ readonly id: string; readonly type: string }[]> {
  mkdirSync(folder, { recursive: true });
  const disks: { id: string; type: string }[] = [];
  for (let i = 0; i < count; i++) {
    const path = join(folder, `disk-${i}.img`);
    writeFileSync(path, `disk ${i}`);
    truncateSync(path, 1 << 20);
    const made = await api.post<{ resource: { id: string } }>("/holdfast/resources", {
      resource: { kind: "disk", path, name: `disk-${i}` },
    });
    disks.push({ id: made.resource.id, type: "OS::Cinder::Volume" });
  }
  return disks;
}

/** A vault with these resources; its id. */
export async function addVault(api: ApiClient, name: string, resources: readonly object[]): Promise<string> {
  const billing = { object_type: "disk", protect_type: "backup", size: 10_000 };
  const made = await api.post<{ vault: { id: string } }>("/vaults", { vault: { name, billing, resources } });
  return made.vault.id;
}
