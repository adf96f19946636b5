/** A bound resource as it stands now: a restore may have put other disks in place of those that clients know by their ids. */
import type { Resource } from "../../ports/resource-provider.ts";
import type { Binding } from "../records/entities.ts";
import type { Services } from "../services.ts";

/** A resource under the ids of the records, and what the provider calls its disks. */
export interface Bound {
  readonly resource: Resource;
  /** The provider's id of the disk that records call `id`. */
  currentId(id: string): string;
}

/**
 * Looks the resource up under its present id and shows it, and its disks, under the ids of the records: they never change,
 * so vaults, backups and their chains stay what they were to every client (ADR 7).
 *
 * A replaced disk is kept for undo, so it may be attached again. Beside the disk that replaced it, it is left out: both have
 * one id in the records, and that is the replacement's. Alone, it is in place again: somebody has undone the restore.
 */
export async function findBoundDisks(
  s: Pick<Services, "resources">,
  { resourceId, replaced }: Pick<Binding, "resourceId" | "replaced">,
): Promise<Bound | undefined> {
  const current = replaced?.[resourceId] ?? resourceId;
  const found = await s.resources.find(current);
  if (found === undefined) return undefined;
  if (found.kind === "disk") return { resource: { ...found, id: resourceId }, currentId: () => current };
  const present = new Set(found.disks.map((disk) => disk.id));
  const inPlace = Object.entries(replaced ?? {}).filter(([, to]) => present.has(to));
  const now = new Map(inPlace);
  const first = new Map(inPlace.map(([id, to]) => [to, id]));
  const disks = found.disks
    .filter((disk) => !now.has(disk.id))
    .map((disk) => ({ ...disk, id: first.get(disk.id) ?? disk.id }));
  return { resource: { ...found, disks }, currentId: (id) => now.get(id) ?? id };
}

/** The resource alone. */
export const findBound = async (
  s: Pick<Services, "resources">,
  binding: Pick<Binding, "resourceId" | "replaced">,
): Promise<Resource | undefined> => (await findBoundDisks(s, binding))?.resource;
