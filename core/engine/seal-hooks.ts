/** Gives a sealed root its hooks, so that later backups of other disks find its blocks. */
import type { SealRequest } from "../ports/data-plane.ts";
import { HookListBuilder, hooksName, readHookList, writeHooks } from "./hooks.ts";
import type { Slot } from "./leaf.ts";
import { HOOK_LEAVES } from "./numbers.ts";
import { inParallel } from "./parallel.ts";
import { soundOr } from "./parent.ts";
import type { RepositoryView } from "./repository-view.ts";
import type { Root } from "./root-format.ts";

/** Leaves read at a time. */
const AT_ONCE = 16;

/**
 * Leaves that this run wrote are read; those of the parent bring the hooks that the parent has. The parent's own list goes: the
 * new one says all that still holds. @throws StoreFull, StoreFailed
 */
export async function sealHooks(view: RepositoryView, request: SealRequest, root: Root): Promise<void> {
  const { objects, crypto } = view;
  const { rootId, parentRoot } = request;
  const own = new Set(root.packs.filter((facts) => facts.own).map(({ pack }) => pack));
  const old =
    parentRoot === undefined
      ? undefined
      : await soundOr(readHookList(objects, crypto, hooksName(parentRoot)), undefined);
  const places = new Map(old?.leaves.map(({ id }, at) => [id.toString("latin1"), at]));
  const leaves = root.leaves.flatMap((leaf) => leaf ?? []).slice(0, HOOK_LEAVES);
  const fresh = leaves.filter(({ place }) => own.has(place.pack));
  const builder = new HookListBuilder();
  await inParallel(fresh, AT_ONCE, async (leaf) => {
    const slots = await soundOr(view.reader.leaf(leaf, undefined), [] as Slot[]);
    builder.add(
      leaf,
      slots.flatMap((slot) => slot?.id ?? []),
    );
  });
  for (const leaf of leaves) {
    const at = places.get(leaf.id.toString("latin1"));
    if (at !== undefined && old !== undefined && !own.has(leaf.place.pack)) builder.copy(old, at);
  }
  await writeHooks(objects, crypto, rootId, builder.list());
  if (parentRoot !== undefined && parentRoot !== rootId) await objects.trash(hooksName(parentRoot));
}
