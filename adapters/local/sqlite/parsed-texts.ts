/** How is the same JSON not parsed again and again? */
import { deepFreeze } from "../../../core/domain/frozen.ts";
import type { JsonObject } from "../../../core/ports/record-store.ts";

/** Characters of text in each of the two generations; all of what one request or one tick's batch reads fits many times over. */
const GENERATION = 1024 * 1024;
/** A longer text is read once in a while only, and would drive out many that are read often. */
const LONGEST = 16 * 1024;

/**
 * A parser that remembers what it parsed last, by the text itself: so nothing ever has to be taken back. What was not asked for
 * during a whole generation is forgotten. Objects are frozen to their depths, since several readers hold the same one.
 */
export function parsedTexts(): (text: string) => JsonObject {
  let young = new Map<string, JsonObject>();
  let old = new Map<string, JsonObject>();
  let length = 0;
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const value = old.get(text) ?? deepFreeze(JSON.parse(text) as JsonObject);
    if (text.length > LONGEST) return value;
    if (length + text.length > GENERATION) {
      old = young;
      young = new Map();
      length = 0;
    }
    young.set(text, value);
    length += text.length;
    return value;
  };
}
