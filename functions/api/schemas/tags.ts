/** Which bodies the tag operations take (cbr-api 5.7, 7.8). */
import { z } from "zod";
import type { VaultSearch } from "../../../core/app/lists/search-vaults.ts";
import type { TagAsk } from "../../../core/domain/tags.ts";
import { MAX_TAGS } from "../../../core/domain/vault-rules.ts";
import { looseTag } from "./vaults.ts";

/** Longest key and value that a search or a deletion may name; what is set is shorter (kit/fields.ts). */
const keyText = z.string().min(1).max(127);
const valueText = z.string().max(255);
const MAX_ASKED = 10;

/** POST vault/{id}/tags. */
export const createTagBody = z.object({ tag: looseTag }).transform((body) => body.tag);

const twice = (tags: readonly { readonly key: string }[]): boolean =>
  new Set(tags.map((tag) => tag.key)).size < tags.length;
/** System tags are set by the enterprise project service, which does not come through this door. */
const noSysTags = z.array(z.unknown()).max(0, "cannot be set or deleted by users").nullish();

/** POST vault/{id}/tags/action. Deleting goes by key: values are optional and do not count, keys may be named twice. */
export const tagsActionBody = z.discriminatedUnion("action", [
  z.object({
    action: z.literal("create"),
    tags: z
      .array(looseTag)
      .min(1)
      .max(MAX_TAGS)
      .refine((tags) => !twice(tags), "must not name a key twice"),
    sys_tags: noSysTags,
  }),
  z.object({
    action: z.literal("delete"),
    tags: z
      .array(z.object({ key: keyText, value: valueText.nullish() }))
      .min(1)
      .max(MAX_TAGS),
    sys_tags: noSysTags,
  }),
]);

const askedTag = z
  .object({
    key: keyText,
    values: z
      .array(valueText.refine((value) => value !== "*", "must have something after the `*`"))
      .max(MAX_ASKED)
      .nullish(),
  })
  .transform(({ key, values }): TagAsk => ({ key, values: values ?? [] }));
const askedTags = z
  .array(askedTag)
  .max(MAX_ASKED)
  .nullish()
  .transform((list) => list ?? []);

const ENTERPRISE_PROJECT = "_sys_enterprise_project_id";
/** The only system tag there is. */
const sysTag = z.object({ key: z.literal(ENTERPRISE_PROJECT), values: z.array(valueText).max(MAX_ASKED).nullish() });

/** A page number as the contract writes it, a string; a number is taken as well. */
const pageNumber = (least: number, most: number, standard: number) =>
  z
    .union([z.string().regex(/^\d{1,9}$/, "must be an integer in a string"), z.number().int()])
    .nullish()
    .transform((value) => (value == null ? standard : Number(value)))
    .pipe(z.number().min(least).max(most));

/** POST vault/resource_instances/action. */
export const searchBody = z
  .object({
    action: z.enum(["filter", "count"]),
    limit: pageNumber(1, 1000, 1000),
    offset: pageNumber(0, Number.MAX_SAFE_INTEGER, 0),
    tags: askedTags,
    tags_any: askedTags,
    not_tags: askedTags,
    not_tags_any: askedTags,
    without_any_tag: z
      .boolean()
      .nullish()
      .transform((flag) => flag ?? false),
    sys_tags: z
      .array(sysTag)
      .max(1)
      .nullish()
      .transform((list) => list ?? []),
    matches: z
      .array(z.object({ key: z.literal("resource_name"), value: valueText }))
      .max(1)
      .nullish(),
    object_type: z.string().nullish(),
    cloud_type: z.string().nullish(),
  })
  .refine(
    ({ sys_tags, tags, tags_any, not_tags, not_tags_any, without_any_tag }) =>
      sys_tags.length === 0 ||
      ([tags, tags_any, not_tags, not_tags_any].every((l) => l.length === 0) && !without_any_tag),
    { path: ["sys_tags"], message: "must not come with other tag filters" },
  )
  .transform((body) => {
    const search: VaultSearch = {
      tags: {
        tags: body.tags,
        tagsAny: body.tags_any,
        notTags: body.not_tags,
        notTagsAny: body.not_tags_any,
        withoutAnyTag: body.without_any_tag,
      },
      name: body.matches?.[0]?.value,
      objectType: body.object_type || undefined,
      cloudType: body.cloud_type || undefined,
      enterpriseProjects: body.sys_tags.flatMap(({ values }) => values ?? []),
    };
    return { countOnly: body.action === "count", limit: body.limit, offset: body.offset, search };
  });
