/** Blocks that other backups have stored: a hook among the blocks at hand brings in the leaf it is in. */
import { findHook, type HookLeaf, type HookList, isHook, readHooks } from "./hooks.ts";
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
    for (const slot of await this.#view.usable(named, () => undefined))
      if (slot !== undefined && slot.places.length > 0) this.#recent.add(slot.id, slot.places);
    return true;
  }
}
