/** Tags of vaults: how they are set, and which vaults a search by tags finds (#53–#58, VLT-64, VLT-65). */
import { fault } from "./fault.ts";
import { MAX_TAGS, type Tag } from "./vault-rules.ts";

/** Sets tags by key: a known key keeps its place and gets the new value, a new one goes to the end. @throws Fault 6600 */
export function withTags(current: readonly Tag[], set: readonly Tag[]): readonly Tag[] {
  const values = new Map([...current, ...set].map(({ key, value }) => [key, value]));
  if (values.size > MAX_TAGS)
    fault("6600", `a vault has at most ${MAX_TAGS} tags; this would make ${values.size} of ${current.length}`);
  return [...values].map(([key, value]) => ({ key, value }));
}

/** Takes tags away by key, whatever their values are; keys that are not there are no matter. */
export const withoutTags = (current: readonly Tag[], keys: readonly string[]): readonly Tag[] =>
  current.filter(({ key }) => !keys.includes(key));

/** One key of a search and the values that it may have: any when none is named, `*x` for all that contain x. */
export interface TagAsk {
  readonly key: string;
  readonly values: readonly string[];
}

/** What a search asks of a vault's tags; an empty list asks nothing. */
export interface TagSearch {
  /** Has every one of them. */
  readonly tags: readonly TagAsk[];
  /** Has at least one of them. */
  readonly tagsAny: readonly TagAsk[];
  /** Does not have all of them. */
  readonly notTags: readonly TagAsk[];
  /** Has none of them. */
  readonly notTagsAny: readonly TagAsk[];
  /** Has no tag at all; the four lists do not count then. */
  readonly withoutAnyTag: boolean;
}

/** Does a vault with these tags belong to what is searched for? Keys are compared exactly. */
export function matchesTags(tags: readonly Tag[], search: TagSearch): boolean {
  if (search.withoutAnyTag) return tags.length === 0;
  const has = (ask: TagAsk): boolean => tags.some(({ key, value }) => key === ask.key && fitsAny(value, ask.values));
  return (
    search.tags.every(has) &&
    (search.tagsAny.length === 0 || search.tagsAny.some(has)) &&
    (search.notTags.length === 0 || !search.notTags.every(has)) &&
    !search.notTagsAny.some(has)
  );
}

const fitsAny = (value: string, asked: readonly string[]): boolean =>
  asked.length === 0 || asked.some((one) => (one.startsWith("*") ? value.includes(one.slice(1)) : value === one));

/** Every key that the vaults have, with all its values, both in the order of their letters (#57). */
export function collectTags(vaults: Iterable<readonly Tag[]>): readonly { key: string; values: readonly string[] }[] {
  const byKey = new Map<string, Set<string>>();
  for (const tags of vaults)
    for (const { key, value } of tags) byKey.set(key, (byKey.get(key) ?? new Set()).add(value));
  return [...byKey]
    .map(([key, values]) => ({ key, values: [...values].sort() }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
