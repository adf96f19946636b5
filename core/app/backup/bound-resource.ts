/** A bound resource as it stands now: a restore may have put other disks in place of those that clients know by their ids. */
import type { Resource } from "../../ports/resource-provider.ts";
import type { Binding } from "../records/entities.ts";
import type { Services } from "../services.ts";

/** The provider's id of the resource or disk that records call `id`. */
export const currentId = (binding: Pick<Binding, "replaced">, id: string): string => binding.replaced?.[id] ?? id;

/**
 * Looks the resource up under its present id and shows it, and its disks, under the ids of the records: they never change,
 * so vaults, backups and their chains stay what they were to every client (ADR 6).
 */
export async function findBound(
  s: Pick<Services, "resources">,
  binding: Pick<Binding, "resourceId" | "replaced">,
): Promise<Resource | undefined> {
  const found = await s.resources.find(currentId(binding, binding.resourceId));
  if (found === undefined || binding.replaced === undefined) return found;
  const first = new Map(Object.entries(binding.replaced).map(([id, current]) => [current, id]));
  const named = <T extends { readonly id: string }>(one: T): T => ({ ...one, id: first.get(one.id) ?? one.id });
  return found.kind === "server" ? { ...found, disks: found.disks.map(named) } : named(found);
}
