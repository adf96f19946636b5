/** Sends mutated requests and holds the API to: no 5xx but "not built", no defect, no change by a refused request. */
import { eventOf } from "../api/kit/identity-host.ts";
import { signFlat, targetOf } from "../api/kit/test-signer.ts";
import { seeded } from "../chaos/seeded.ts";
import { mutate, tamper } from "./mutations.ts";
import { type Draft, soundRequests } from "./requests.ts";
import { createFuzzWorld, type FuzzWorld } from "./world.ts";

/** What came of a run. */
export interface FuzzResult {
  readonly requests: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Share of requests that got past authentication. */
  readonly authenticated: number;
  /** What must not be: each with the request, so that it can be sent again. At most ten. */
  readonly failures: readonly string[];
}

/** A world is made anew after so many: what requests have made piles up in it. */
const WORLD_LIVES = 2_000;
const MOST_FAILURES = 10;

/** The same seed sends the same requests, but for ids. */
export async function fuzz(
  requests: number,
  seed: number,
  say: (text: string) => void = () => {},
): Promise<FuzzResult> {
  const random = seeded(seed);
  const statuses: Record<string, number> = {};
  const failures: string[] = [];
  let authenticated = 0;
  let sent = 0;
  while (sent < requests && failures.length < MOST_FAILURES) {
    const world = await createFuzzWorld();
    try {
      for (let left = Math.min(WORLD_LIVES, requests - sent); left > 0 && failures.length < MOST_FAILURES; left--) {
        const { status, problem } = await one(world, random);
        sent++;
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status !== 401) authenticated++;
        if (problem !== undefined) failures.push(problem);
      }
    } finally {
      world.close();
    }
    say(`${sent} requests`);
  }
  return { requests: sent, statuses, authenticated: authenticated / sent, failures };
}

async function one(world: FuzzWorld, random: () => number): Promise<{ status: number; problem?: string }> {
  const drafts = soundRequests(world, random);
  const draft = drafts[Math.floor(random() * drafts.length)] as Draft;
  // Half are signed as they are sent: their mistakes get past authentication. The others are changed on the way.
  const before = random() < 0.5;
  const meant = before ? mutate(draft, random) : draft;
  const headers = { ...meant.headers, host: "127.0.0.1:8700", "x-sdk-date": stamp(world.now()) };
  const { access_key, secret_key } = world.credentials;
  const authorization = signFlat({ ...meant, headers }, access_key, secret_key);
  const { segments, query, body, method, ...arrived } = before ? meant : mutate(meant, random);
  const credentials = before || random() < 0.5 ? authorization : tamper(authorization, random);
  const target = targetOf({ segments, query });
  const event = eventOf(method, target, {
    headers: { ...headers, ...arrived.headers, authorization: credentials },
    ...(body !== "" && { body }),
  });
  const defects = world.defects.length;
  const { statusCode: status } = await world.send(event);
  const written = world.written();
  const told = `${method} ${target.slice(0, 200)} ${body.slice(0, 300)} → ${status}`;
  if (world.defects.length > defects) return { status, problem: `${told}: ${world.defects.at(-1)}` };
  if (status >= 500 && status !== 501) return { status, problem: told };
  if (status >= 400 && written > 0) return { status, problem: `${told}: refused, and ${written} records were written` };
  return { status };
}

const stamp = (now: number): string => new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
