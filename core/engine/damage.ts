/** Which objects were found damaged, and why? */
import { Damaged } from "../ports/data-plane.ts";
import { ObjectMissing } from "../ports/object-store.ts";

/** Objects found damaged, each with the first reason. */
export class FoundDamage {
  readonly #found = new Map<string, string>();

  add(error: Damaged): void {
    this.note(error.object, error.message.slice(error.object.length + 2));
  }

  note(object: string, reason: string): void {
    if (!this.#found.has(object)) this.#found.set(object, reason);
  }

  /** The value, or undefined once its damage is noted; `missing` names the object when it is not there at all. */
  async unless<T>(reading: Promise<T>, missing?: string): Promise<T | undefined> {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof Damaged) this.add(error);
      else if (error instanceof ObjectMissing && missing !== undefined) this.note(missing, "is missing");
      else throw error;
      return undefined;
    }
  }

  list(): readonly { readonly object: string; readonly reason: string }[] {
    return [...this.#found].map(([object, reason]) => ({ object, reason }));
  }
}
