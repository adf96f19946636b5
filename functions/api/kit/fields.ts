/** How request bodies are parsed: rules shared by the operations, and refusals that name the field and the rule. */
import { z } from "zod";
import { badField } from "../../../core/domain/fault.ts";

/** Five are enough to mend a request; a client that sends 256 bad resources should not get a page of text. */
const TOLD_AT_ONCE = 5;

/**
 * The parsed body. Unknown members are dropped (clients send extra ones, cbr-api §2.1).
 * @throws Fault 9900 with "vault.billing.size: must be …" for up to five fields
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body, { error: (issue) => ruleOf(issue as z.core.$ZodRawIssue) });
  if (parsed.success) return parsed.data;
  const told = parsed.error.issues.flatMap(leaves).slice(0, TOLD_AT_ONCE);
  const [first, ...others] = told.map(({ path, message }) => ({ field: fieldName(path), message }));
  return badField(
    first?.field ?? "body",
    [first?.message ?? "is not acceptable", ...others.map(({ field, message }) => `${field}: ${message}`)].join("; "),
  );
}

/** A union tells of each branch: the one whose complaint lies deepest is the one that was meant. */
function leaves(issue: z.core.$ZodIssue): readonly { path: readonly PropertyKey[]; message: string }[] {
  if (issue.code !== "invalid_union") return [issue];
  const depth = (branch: readonly z.core.$ZodIssue[]): number => Math.max(0, ...branch.map(({ path }) => path.length));
  const [meant = []] = [...issue.errors].sort((a, b) => depth(b) - depth(a));
  if (depth(meant) === 0) return [issue];
  return meant.flatMap((inner) => leaves({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** `resources[0].extra_info.include_volumes`; the body itself has no name of its own. */
function fieldName(path: readonly PropertyKey[]): string {
  return (
    path.reduce<string>(
      (name, part) =>
        typeof part === "number" ? `${name}[${part}]` : name === "" ? String(part) : `${name}.${String(part)}`,
      "",
    ) || "body"
  );
}

const NAMES: Readonly<Record<string, string>> = {
  object: "an object",
  record: "an object",
  array: "a list",
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  null: "null",
  nonoptional: "given",
};

/** A rule in words that a caller can act on. Messages written at a schema win over this. */
function ruleOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `${issue.input === undefined ? "is missing: " : ""}must be ${NAMES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return sized(issue.origin, `at least ${issue.minimum}`, Number(issue.minimum));
    case "too_big":
      return sized(issue.origin, `at most ${issue.maximum}`, Number(issue.maximum));
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_format":
      return `must be a ${issue.format === "uuid" ? "UUID" : `valid ${issue.format}`}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_key":
      return "has a member whose name is not acceptable";
    case "unrecognized_keys":
      return `must not have ${issue.keys.join(", ")}`;
    default:
      return "is not acceptable";
  }
}

function sized(origin: string, bound: string, n: number): string {
  if (origin === "string") return `must be ${bound} character${n === 1 ? "" : "s"} long`;
  if (origin === "array" || origin === "set") return `must have ${bound} element${n === 1 ? "" : "s"}`;
  return `must be ${bound}`;
}

/** Name of a vault, policy or backup (cbr-api §2.5). */
export const nameField = z
  .string()
  .regex(/^[\u4E00-\u9FA5\uF900-\uFA2Da-zA-Z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, `_` or `-`");

/** Free text of vaults and backups (cbr-api §2.5, D-2). */
export const descriptionField = z
  .string()
  .regex(/^[^<>]{0,255}$/u, "must be at most 255 characters without `<` and `>`");

/** Ids of vaults, policies, backups, checkpoints. Resource ids are opaque: `resourceIdField`. */
export const uuidField = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, "must be a UUID")
  .transform((id) => id.toLowerCase());

/** Id of a server or disk: opaque, at most 64 characters (design §8: `vol-…` and `i-…` on AWS, UUIDs locally). */
export const resourceIdField = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, "must be 1 to 64 letters, digits or `._:-`");

const trimmed = z.string().transform((text) => text.trim());

/** A tag as it is set; OpenStack and Huawei character sets together (cbr-api §2.5). */
export const tagField = z.object({
  key: trimmed.pipe(
    z.string().regex(/^[\u4E00-\u9FA5\uF900-\uFA2Da-zA-Z0-9_-]{1,36}$/, "must be 1 to 36 letters, digits, `_` or `-`"),
  ),
  value: trimmed.pipe(
    z
      .string()
      .regex(/^[\u4E00-\u9FA5\uF900-\uFA2Da-zA-Z0-9_.-]{0,43}$/, "must be at most 43 letters, digits, `_`, `.` or `-`"),
  ),
});

/** Tags of a vault: at most 20, each key once (cbr-api D-4). Empty is no tags. */
export const tagsField = z
  .array(tagField)
  .max(20)
  .refine((tags) => new Set(tags.map(({ key }) => key)).size === tags.length, "must not name a key twice");
