/** Are tags set by key, and does a search by tags find what it says? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/domain/fault.ts";
import {
  collectTags,
  matchesTags,
  type TagAsk,
  type TagSearch,
  withoutTags,
  withTags,
} from "../../core/domain/tags.ts";
import type { Tag } from "../../core/domain/vault-rules.ts";

const nothing: TagSearch = { tags: [], tagsAny: [], notTags: [], notTagsAny: [], withoutAnyTag: false };
const search = (change: Partial<TagSearch>): TagSearch => ({ ...nothing, ...change });
const tag = (key: string, value = ""): Tag => ({ key, value });
const ask = (key: string, ...values: string[]): TagAsk => ({ key, values });

const letter = fc.constantFrom("a", "b", "c", "d");
const someTags = fc.uniqueArray(fc.record({ key: letter, value: letter }), { selector: (t) => t.key, maxLength: 4 });
const someAsks = fc.array(fc.record({ key: letter, values: fc.array(letter, { maxLength: 2 }) }), { maxLength: 3 });

describe("setting and taking away", () => {
  it("keeps the place of a key that gets another value, and puts new ones at the end (#53)", () => {
    const set = withTags([tag("b", "1"), tag("a", "2")], [tag("c", "3"), tag("b", "4")]);
    expect(set).toEqual([tag("b", "4"), tag("a", "2"), tag("c", "3")]);
  });

  it("refuses the 21st key, not the 21st setting (6600, QTA-05)", () => {
    const twenty = Array.from({ length: 20 }, (_, i) => tag(`k${i}`));
    expect(withTags(twenty, [tag("k3", "new")])).toHaveLength(20);
    expect(() => withTags(twenty, [tag("one-more")])).toThrow(Fault);
  });

  it("gives every set key its value, and a taken key is gone", () => {
    fc.assert(
      fc.property(someTags, someTags, (current, set) => {
        const after = withTags(current, set);
        for (const one of set) expect(after).toContainEqual(one);
        expect(new Set(after.map(({ key }) => key)).size).toBe(after.length);
        const keys = set.map(({ key }) => key);
        expect(withoutTags(after, keys)).toEqual(current.filter(({ key }) => !keys.includes(key)));
      }),
    );
  });
});

describe("a search by tags (#58, VLT-65)", () => {
  const env = [tag("env", "prod-eu"), tag("team", "db")];
  it.each<[string, Partial<TagSearch>, boolean]>([
    ["nothing finds everything", {}, true],
    ["a key with any value", { tags: [ask("env")] }, true],
    ["one value of several", { tags: [ask("env", "test", "prod-eu")] }, true],
    ["no value of several", { tags: [ask("env", "test", "prod")] }, false],
    ["`*` finds what contains the rest", { tags: [ask("env", "*od-e")] }, true],
    ["`*` does not find what does not", { tags: [ask("env", "*us")] }, false],
    ["tags: every key must be there", { tags: [ask("env"), ask("owner")] }, false],
    ["tags_any: one key is enough", { tagsAny: [ask("env"), ask("owner")] }, true],
    ["tags_any: none is not", { tagsAny: [ask("owner")] }, false],
    ["not_tags: all of them there", { notTags: [ask("env"), ask("team")] }, false],
    ["not_tags: one of them missing", { notTags: [ask("env"), ask("owner")] }, true],
    ["not_tags_any: one of them there", { notTagsAny: [ask("env"), ask("owner")] }, false],
    ["not_tags_any: none there", { notTagsAny: [ask("owner")] }, true],
    ["without_any_tag: it has some", { withoutAnyTag: true }, false],
    ["without_any_tag outweighs the lists", { withoutAnyTag: true, tags: [ask("env")] }, false],
  ])("%s", (_, change, found) => {
    expect(matchesTags(env, search(change))).toBe(found);
  });

  it("without_any_tag finds vaults without tags, whatever the lists say", () => {
    fc.assert(
      fc.property(someTags, someAsks, (tags, asks) => {
        expect(matchesTags(tags, search({ withoutAnyTag: true, tags: asks }))).toBe(tags.length === 0);
      }),
    );
  });

  it("not_tags is the opposite of tags, not_tags_any of tags_any", () => {
    fc.assert(
      fc.property(someTags, someAsks, (tags, asks) => {
        if (asks.length === 0) return;
        const found = (change: Partial<TagSearch>) => matchesTags(tags, search(change));
        expect(found({ notTags: asks })).toBe(!found({ tags: asks }));
        expect(found({ notTagsAny: asks })).toBe(!found({ tagsAny: asks }));
      }),
    );
  });

  it("more keys in tags never find more, more keys in tags_any never less", () => {
    fc.assert(
      fc.property(someTags, someAsks, someAsks, (tags, few, more) => {
        const all = [...few, ...more];
        const found = (change: Partial<TagSearch>) => matchesTags(tags, search(change));
        if (found({ tags: all })) expect(found({ tags: few })).toBe(true);
        if (few.length > 0 && found({ tagsAny: few })) expect(found({ tagsAny: all })).toBe(true);
      }),
    );
  });
});

it("the tags of a project are every key once with every value once (#57)", () => {
  const all = collectTags([[tag("b", "2"), tag("a", "x")], [tag("b", "1")], [], [tag("b", "2")]]);
  expect(all).toEqual([
    { key: "a", values: ["x"] },
    { key: "b", values: ["1", "2"] },
  ]);
});
