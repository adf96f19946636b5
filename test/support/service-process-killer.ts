/**
 * Kills its own process at the moment that the plan file names, and sets its clock. Loaded by `--import` into every thread of a service under
 * test: the main thread counts tasks and commits, the worker threads together count their calls on the object folder.
 */
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isMainThread } from "node:worker_threads";
import { type FileCalls, fileCalls } from "../../adapters/local/files/file-calls.ts";
import type { RunHooks } from "../../adapters/local/workflows/run.ts";
import type { CallMoment, JournalState, KillPlan, Moment } from "./service-process-plan.ts";

/** Names the folder with plan.json (written by the parent) and moment.json (written here); set in every such process. */
const folder = process.env.HOLDFAST_TEST_KILL_FOLDER ?? "";
const records = process.env.HOLDFAST_TEST_RECORDS ?? "";
const thread = isMainThread ? "main" : "worker";

interface Armed {
  readonly plan: KillPlan;
  /** performance.now() of the task's beginning; undefined before it. */
  begun: number | undefined;
  readonly visits: { before: number; effect: number; recorded: number };
  calls: number;
}
let armed: Armed | undefined;

/** The plan that counts now: read anew each time, so that it can be armed and changed while the service runs. */
function current(): Armed | undefined {
  if (folder === "") return undefined;
  const path = join(folder, "plan.json");
  if (!existsSync(path)) return undefined;
  const plan = JSON.parse(readFileSync(path, "utf8")) as KillPlan;
  if (armed?.plan.id !== plan.id) {
    const begun = plan.task === undefined || !isMainThread ? performance.now() : undefined;
    armed = { plan, begun, visits: { before: 0, effect: 0, recorded: 0 }, calls: 0 };
  }
  return armed;
}

function die({ plan, begun, visits }: Armed): never {
  const moment: Moment = {
    plan,
    thread,
    inside: visits.before > visits.effect,
    afterMs: begun === undefined ? 0 : Math.round(performance.now() - begun),
    journal: readJournal(),
  };
  writeFileSync(join(folder, "moment.json"), JSON.stringify(moment));
  process.kill(process.pid, "SIGKILL");
  // The signal comes at once, but nothing of this thread may run until then.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function readJournal(): JournalState {
  const db = new DatabaseSync(records, { readOnly: true });
  const count = (where: string) => Number(db.prepare(`SELECT count(*) AS n FROM items WHERE ${where}`).get()?.n);
  const states = db.prepare(
    "SELECT json_extract(body, '$.state') AS state, count(*) AS n FROM items WHERE sk GLOB 'J#*' AND substr(pk, 3) IN " +
      "(SELECT sk FROM items WHERE pk = 'XOPEN') GROUP BY 1 ORDER BY 1",
  );
  const open = db.prepare("SELECT sk FROM items WHERE pk = 'XOPEN' ORDER BY sk").all();
  return {
    open: open.map((row) => String(row.sk).split("#")[0] ?? ""),
    entries: Object.fromEntries(states.all().map((row) => [String(row.state), Number(row.n)])),
    unitsPublished: count(
      "pk GLOB 'U#*' AND sk NOT GLOB '*#ok' AND substr(pk, 3, 36) IN (SELECT substr(sk, 3) FROM items WHERE sk GLOB 'O#*')",
    ),
    unitsConfirmed: count(
      "pk GLOB 'U#*' AND sk GLOB '*#ok' AND substr(pk, 3, 36) IN (SELECT substr(sk, 3) FROM items WHERE sk GLOB 'O#*')",
    ),
    openRuns: count("pk GLOB 'REPO#*' AND sk GLOB 'O#*'"),
  };
}

/** How many such calls all threads together have begun: which of them writes how many packs is decided anew in each run. */
function countCall({ id }: KillPlan): number {
  const file = join(folder, `calls-${id}`);
  appendFileSync(file, "x");
  return statSync(file).size;
}

/** Called before and after every call that can be a moment. */
function passed(call: CallMoment["call"], when: CallMoment["when"]): void {
  const now = current();
  const at = now?.plan.at;
  if (now === undefined || typeof at !== "object" || !("call" in at)) return;
  if (at.call !== call || (at.thread ?? "main") !== thread || now.begun === undefined) return;
  if (when === "before") now.calls = countCall(now.plan);
  if (now.calls >= at.nth && when === at.when) die(now);
}

function visited(phase: "before" | "effect" | "recorded", task: string): void {
  const now = current();
  if (now === undefined || now.plan.task !== task) return;
  const { at, visit = 1 } = now.plan;
  if (++now.visits[phase] !== visit) return;
  if (phase === at) die(now);
  if (phase !== "before") return;
  now.begun = performance.now();
  if (typeof at === "object" && "ms" in at) setTimeout(() => die(now), at.ms);
}

/** What the workflow runner calls around every task. */
export const hooks: RunHooks = {
  beforeTask: (task) => visited("before", task),
  afterEffect: (task) => visited("effect", task),
  afterRecord: (task) => visited("recorded", task),
};

function watchCalls(): void {
  const watched =
    (name: "link" | "rename" | "unlink", real: (...paths: string[]) => Promise<void>) =>
    async (...paths: string[]): Promise<void> => {
      passed(name, "before");
      await real(...paths);
      passed(name, "after");
    };
  const { link, rename, unlink }: FileCalls = fileCalls;
  fileCalls.link = watched("link", link as (...paths: string[]) => Promise<void>);
  fileCalls.rename = watched("rename", rename as (...paths: string[]) => Promise<void>);
  fileCalls.unlink = watched("unlink", unlink as (...paths: string[]) => Promise<void>);
}

function watchCommits(): void {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function watchedExec(this: DatabaseSync, sql: string): void {
    if (sql === "COMMIT") passed("commit", "before");
    exec.call(this, sql);
    if (sql === "COMMIT") passed("commit", "after");
  };
}

/** A clock that was set: everything of the service asks Date.now. */
function setClock(by: number): void {
  const real = Date.now;
  Date.now = () => real() + by;
}

setClock(Number(process.env.HOLDFAST_TEST_CLOCK_MS ?? 0));
watchCalls();
if (isMainThread) watchCommits();
