/** One kill: prepares, arms, asks, waits for the death, starts again, and checks everything that was promised. */
import { CHILD, type Moment as Death, type KillPlan } from "../support/service-process-plan.ts";
import type { ActName } from "./act.ts";
import { prepare } from "./acts.ts";
import { problemsOf } from "./soundness.ts";
import type { World } from "./world.ts";

/** What a kill hits; CI and the long run count them. */
export const STAGES = [
  "capture",
  "transfer",
  "seal",
  "conclude",
  "restore write",
  "delete",
  "effect to entry",
  "request",
  "other",
] as const;
export type Stage = (typeof STAGES)[number];

/** A kill to make. */
export interface Kill {
  readonly stage: Stage;
  readonly act: ActName;
  readonly plan: Omit<KillPlan, "id">;
}

/** A kill that was made. */
export interface Survived {
  readonly kill: Kill;
  readonly death: Death;
  /** Did the service answer before it died? */
  readonly acknowledged: boolean;
  readonly outcome: string;
  readonly readyMs: number;
  /** From the restart until nothing ran any more; ms. */
  readonly idleMs: number;
}

/** More backups than this are deleted after each kill. */
const KEPT = 2;
let plans = 0;

/** @throws with every problem that was found after the kill */
export async function survive(world: World, kill: Kill): Promise<Survived> {
  const act = await prepare(world, kill.act);
  world.service.arm({ ...kill.plan, id: `${++plans}` });
  const [acknowledged, death] = await Promise.all([
    act.request().then(
      ({ status, body }) => (status < 300 ? true : fail(`the request was refused: ${JSON.stringify(body)}`)),
      () => false,
    ),
    world.service.killed(),
  ]);
  await world.restart();
  const { readyMs } = world.service;
  const began = performance.now();
  await world.idle();
  const idleMs = performance.now() - began;
  const outcome = await act.judge(acknowledged);
  await mustBeSound(world, "after the restart");
  await everyBackupRestores(world);
  // And life goes on: a backup of something new, restored.
  world.image.change();
  const next = await world.backUp();
  await world.restore(next);
  for (const old of (await world.ownBackups()).slice(0, -KEPT)) await world.deleteBackup(old.id);
  await mustBeSound(world, "after the next backup and restore");
  return { kill, death, acknowledged, outcome, readyMs, idleMs };
}

async function everyBackupRestores(world: World): Promise<void> {
  for (const { id, status } of await world.ownBackups()) if (status === "available") await world.restore(id);
}

async function mustBeSound(world: World, when: string): Promise<void> {
  const problems = await problemsOf(world);
  if (problems.length > 0) fail(`${when}: ${problems.join("; ")}`);
}

function fail(text: string): never {
  throw new Error(text);
}

/** The moment in words: what was asked, which task, where in it. */
export function nameOf({ act, plan: { task, visit, at } }: Kill): string {
  const where = task === CHILD ? "child" : (task ?? "request");
  const nth = visit === undefined || visit === 1 ? "" : ` (visit ${visit})`;
  return `${act}: ${inWords(at)} ${where}${nth}`;
}

function inWords(at: Kill["plan"]["at"]): string {
  if (at === "effect") return "between effect and entry of";
  if (at === "recorded") return "after the entry of";
  if (at === "before") return "before";
  if ("ms" in at) return `${Math.round(at.ms)} ms into`;
  return `${at.when} ${at.call} ${at.nth}${at.thread === "worker" ? " of a worker" : ""} in`;
}
