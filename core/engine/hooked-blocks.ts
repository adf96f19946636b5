/** Blocks that other backups have stored: a hook among the blocks at hand brings in the leaf it is in. */
import { findHook, type HookLeaf, type HookList, isHook, readHooks } from "./hooks.ts";
import type { Slot } from "./leaf.ts";
import { PARALLEL_CHECKS } from "./numbers.ts";
import { inParallel } from "./parallel.ts";
import { soundOr } from "./parent.ts";
import type { RecentBlocks } from "./recent-blocks.ts";
import type { RepositoryView } from "./repository-view.ts";

/** Fills a RecentBlocks with the leaves that hooks lead to. */
export class HookedBlocks {
  readonly #view: RepositoryView;
  readonly #recent: RecentBlocks;
  /** Read when the first hook is met: most units of an unchanged disk never meet one. */
  #lists: readonly HookList[] | undefined;
  /** Leaves brought in, by id. */
  readonly #seen = new Set<string>();
  /** Packs met, and whether the root will be able to say what it must of them. */
  readonly #known = new Map<string, boolean>();

  constructor(view: RepositoryView, recent: RecentBlocks) {
    this.#view = view;
    this.#recent = recent;
  }

  /** Looks for hooks among these ids. Damage costs a hint, nothing else. @throws StoreFailed */
  async look(ids: readonly Buffer[]): Promise<void> {
    for (const id of ids) {
      if (!isHook(id) || this.#recent.find(id) !== undefined) continue;
      this.#lists ??= await readHooks(this.#view.objects, this.#view.crypto);
      for (const list of this.#lists) {
        const leaf = findHook(list, id);
        if (leaf !== undefined && (await this.#bring(leaf))) break;
      }
    }
  }

  async #bring(leaf: HookLeaf): Promise<boolean> {
    const key = leaf.id.toString("latin1");
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    const { pack } = this.#view.reader.at(leaf.place);
    if (!(await this.#view.packsUsable([pack])).has(pack)) return false;
    const named = await soundOr(this.#view.reader.leaf(leaf, undefined), undefined);
    if (named === undefined) return false;
    const slots = await this.#view.usable(named, () => undefined);
    await this.#ends(slots);
    for (const slot of slots)
      if (slot !== undefined && slot.places.length > 0 && slot.places.every(({ pack: of }) => this.#known.get(of)))
        this.#recent.add(slot.id, slot.places);
    return true;
  }

  /** Unlike a parent's, these packs are in no root at hand: one whose end is damaged could not be referred to. */
  async #ends(slots: readonly Slot[]): Promise<void> {
    const packs = new Set(slots.flatMap((slot) => slot?.places.map(({ pack }) => pack) ?? []));
    const fresh = [...packs].filter((pack) => !this.#known.has(pack));
    await inParallel(fresh, PARALLEL_CHECKS, async (pack) => {
      const facts = await soundOr(this.#view.packFacts(pack), undefined);
      this.#known.set(pack, facts !== undefined);
    });
  }
}
