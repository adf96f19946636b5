/** What is made wrong with a request: its path, query, headers, body, or its signature. */
import type { Draft } from "./requests.ts";

type Random = () => number;
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const TEXTS = [
  "",
  " ",
  "..",
  "%2e%2e",
  "a".repeat(300),
  "\u0000",
  "\ud83d\udcbe",
  "名字",
  "'; drop table vaults; --",
  "<script>",
  "#",
  "A#B",
  "V#",
  "~",
  "null",
  "-1",
  "1e999",
  "__proto__",
  "constructor",
  "\u202e",
  "é",
];
const NUMBERS = [0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, Number.MIN_VALUE, 10_485_761];
const VALUES: readonly Json[] = [
  ...TEXTS,
  ...NUMBERS,
  true,
  false,
  null,
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  { length: 9 },
];

/** Any value of any kind, sometimes deep. */
function strange(random: Random): Json {
  if (random() > 0.05) return pick(random, VALUES);
  let deep: Json = 1;
  for (let level = Math.floor(random() * 2_000); level > 0; level--) deep = [deep];
  return deep;
}

/** One place of a JSON value changed: replaced, removed, doubled, or a member added. */
function mutateJson(value: Json, random: Random): Json {
  const inner = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (inner.length === 0 || random() < 0.15) return strange(random);
  const key = pick(random, inner);
  if (Array.isArray(value)) {
    const at = Number(key);
    const how = random();
    if (how < 0.2) return value.toSpliced(at, 1);
    if (how < 0.3) return [...value, ...value];
    if (how < 0.35) return Array.from({ length: 300 }, () => value[at] as Json);
    return value.with(at, mutateJson(value[at] as Json, random));
  }
  const object = { ...(value as { [key: string]: Json }) };
  const how = random();
  if (how < 0.15) delete object[key];
  else if (how < 0.25) object[pick(random, TEXTS)] = strange(random);
  else object[key] = mutateJson(object[key] as Json, random);
  return object;
}

/** Bytes of the text changed: cut, doubled, one character replaced. */
function mutateText(text: string, random: Random): string {
  const at = Math.floor(random() * text.length);
  const how = random();
  if (how < 0.3) return text.slice(0, at);
  if (how < 0.4) return text + text;
  return `${text.slice(0, at)}${pick(random, TEXTS)}${text.slice(at + 1)}`;
}

const MUTATIONS: readonly ((draft: Draft, random: Random) => Draft)[] = [
  // The body most often: that is where operations read most.
  (draft, random) =>
    draft.body === "" ? draft : { ...draft, body: JSON.stringify(mutateJson(JSON.parse(draft.body) as Json, random)) },
  (draft, random) =>
    draft.body === "" ? draft : { ...draft, body: JSON.stringify(mutateJson(JSON.parse(draft.body) as Json, random)) },
  (draft, random) => ({ ...draft, body: mutateText(draft.body || "{}", random) }),
  (draft, random) => {
    if (draft.segments.length === 0) return { ...draft, segments: [pick(random, TEXTS)] };
    const at = Math.floor(random() * draft.segments.length);
    const segments = random() < 0.3 ? draft.segments.toSpliced(at, 1) : draft.segments.with(at, pick(random, TEXTS));
    return { ...draft, segments };
  },
  (draft, random) => ({
    ...draft,
    query: [
      ...draft.query,
      [pick(random, ["limit", "offset", "marker", "sort", "id", "name", "status", ...TEXTS]), pick(random, TEXTS)],
    ],
  }),
  (draft, random) => ({ ...draft, method: pick(random, ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get"]) }),
  (draft, random) => ({
    ...draft,
    headers: {
      ...draft.headers,
      [pick(random, [
        "x-project-id",
        "content-type",
        "x-domain-id",
        "x-request-id",
        "accept-encoding",
        "x-forwarded-proto",
      ])]: pick(random, TEXTS),
    },
  }),
];

/** One to three things made wrong. JSON that is none any more is left to whoever parses it. */
export function mutate(draft: Draft, random: Random): Draft {
  let mutated = draft;
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    try {
      mutated = pick(random, MUTATIONS)(mutated, random);
    } catch (error) {
      // A body that an earlier mutation has made unreadable cannot be changed as JSON: it goes as it is.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return mutated;
}

/** A signature that is almost right. */
export function tamper(authorization: string, random: Random): string {
  const how = random();
  if (how < 0.4)
    return authorization.replace(/Signature=(.)/, (_, digit: string) => `Signature=${digit === "0" ? "1" : "0"}`);
  if (how < 0.6) return authorization.replace(/Access=./, "Access=Z");
  if (how < 0.8) return mutateText(authorization, random);
  return pick(random, TEXTS);
}
