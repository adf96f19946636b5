/** Is every cell of the matrix what really happens? The row's thing is started and held in its middle, the column's is asked for. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import {
  type Cell,
  MATRIX,
  NEVER,
  NOT_BUILT,
  REQUESTS,
  type Request,
  type Row,
  type Scope,
} from "../../core/domain/matrix.ts";
import { cellOf } from "../../core/domain/obstacle.ts";
import { OPERATIONS } from "../../functions/api/operations.ts";
import { ASK, type Outcome } from "./asks.ts";
import { RUNNING, type Running } from "./running.ts";
import { REQUEST_TITLES } from "./titles.ts";
import { createWorld, settled, type World } from "./world.ts";

let world: World | undefined;
afterEach(() => world?.close());

/** What a backup's own state decides; all else its resource and its vault do. */
const ABOUT_A_BACKUP: readonly Request[] = ["restore", "delete", "replicate", "share"];
type Asked = Exclude<Request, "image">;

interface Case {
  readonly scope: Scope;
  readonly status: string;
  readonly row: Row;
  readonly asked: Asked;
  readonly cell: Cell;
  /** The newest backup is asked about; absent = the one that the row gives. */
  readonly newest?: boolean;
}

const cases = (Object.entries(MATRIX) as [Scope, Readonly<Record<string, Row>>][]).flatMap(([scope, byStatus]) =>
  Object.entries(byStatus).flatMap(([status, row]) =>
    REQUESTS.filter((asked) => asked !== "image" && (scope !== "backup" || ABOUT_A_BACKUP.includes(asked))).flatMap(
      (name): Case[] => {
        const asked = name as Asked;
        const cell = cellOf(row, asked);
        if (typeof cell !== "object") return [{ scope, status, row, asked, cell }];
        return [
          { scope, status, row, asked, cell: cell.newest, newest: true },
          { scope, status, row, asked, cell: "ok", newest: false },
        ];
      },
    ),
  ),
);

/** What the caller sees where the cell says so: what is not built is refused in the end, with its own code. */
function seen({ scope, row, asked, cell }: Case): readonly Outcome[] {
  if (cell === "ok") return [NOT_BUILT[asked]?.code ?? "ok"];
  if (cell !== "skip") return [typeof cell === "object" ? cell.newest : cell];
  const told = [`skip: ${cellOf(row, "backup")}`];
  return scope === "vault" ? [...told, "skip: no point"] : told;
}

const nameOf = ({ asked, cell, newest }: Case): string => {
  const which = newest === undefined ? "" : newest ? ", the newest one" : ", an older one";
  const built = cell === "ok" ? NOT_BUILT[asked]?.code : undefined;
  return `${REQUEST_TITLES[asked]}${which}: ${cell}${built === undefined ? "" : `, then ${built}: not built yet`}`;
};

interface Held {
  /** Row, and what its world was made with. */
  readonly key: string;
  readonly world: World;
  readonly running: Running;
  /** The backup that the row asks about. */
  readonly given: string;
}
/** What runs now. Refusals change nothing, so a row's refused cells are asked for while one and the same thing runs. */
let held: Held | undefined;
afterAll(() => letGo());

/** Ends what runs; all of it comes to its end. */
async function letGo(): Promise<void> {
  const ending = held;
  held = undefined;
  if (ending === undefined) return;
  try {
    await ending.running.end?.(ending.world);
    await ending.world.release();
    expect(await settled(ending.world)).toEqual([]);
  } finally {
    ending.world.close();
  }
}

async function runs({ scope, status, asked, newest }: Case): Promise<Held> {
  const running = RUNNING[`${scope} ${status}`];
  if (running === undefined) throw new Error(`nothing starts ${scope} ${status}`);
  const backups = newest === undefined ? {} : { backups: 2 };
  const needs = { ...backups, trashed: asked === "undelete", policy: asked === "scheduled", ...running.needs };
  const key = JSON.stringify([scope, status, needs]);
  if (held?.key === key) return held;
  await letGo();
  const made = await createWorld(needs);
  held = { key, world: made, running, given: await running.start(made) };
  await made.reached();
  return held;
}

/** Refusals that one world serves come first. */
const rank = ({ asked, cell, newest }: Case): number =>
  cell === "ok" || cell === "skip" ? 2 : newest !== undefined || asked === "undelete" ? 1 : 0;

describe("CCY 23.1, cell by cell: refused at once, left out of scheduled runs, or both run (CCY-01, CCY-03)", () => {
  for (const [title, some] of Map.groupBy(cases, ({ row }) => `while: ${row.what} (${row.source})`))
    describe(title, () => {
      test.each(some.toSorted((a, b) => rank(a) - rank(b)).map((one) => [nameOf(one), one] as const))(
        "%s",
        async (_name, one) => {
          const now = await runs(one);
          const backup = one.newest === false ? (now.world.backups[0] ?? "") : now.given;
          const before = await now.world.changes();
          const outcome = await ASK[one.asked](now.world, backup);
          expect(seen(one)).toContain(outcome);
          if (outcome === "ok" || outcome.startsWith("skip")) await letGo();
          // CCY-01: nothing is queued, and nothing of a refused request is left.
          else expect(await now.world.changes()).toEqual(before);
        },
      );
    });
});

describe("what the matrix has and this version has not", () => {
  test("no operation makes an image: its column is refused by there being none (IMG-07)", () => {
    expect(OPERATIONS.filter(([, name, , path]) => /image/i.test(name) || /image/i.test(path))).toEqual([]);
    expect(NOT_BUILT.image?.why).toContain("not built yet");
  });

  test("nothing is ever being replicated, shared or synchronised: each request for it is refused (REP-09, SHR-02, HYB-04)", async () => {
    world = await createWorld();
    const [backup = ""] = world.backups;
    expect(await ASK.replicate(world, backup)).toBe("1005");
    expect(await ASK.share(world, backup)).toBe("6707");
    const sync = { sync: { vault_id: world.vault, auto_trigger: false } };
    expect((await world.host.call("POST", "/checkpoints/sync", sync)).body.error_code).toBe("BackupService.7300");
    const replicate = { vault_id: world.vault, destination_project_id: "b".repeat(32), destination_region: "far" };
    const vault = { replicate: { ...replicate, destination_vault_id: "11111111-1111-4111-8111-111111111111" } };
    expect((await world.host.call("POST", "/checkpoints/replicate", vault)).body.error_code).toBe("BackupService.1005");
    expect(NEVER.map(({ reason }) => reason)).toHaveLength(3);
  });

  test("a vault that is expanded is available in the very answer: nobody meets `lock` (VLT-13)", async () => {
    world = await createWorld();
    const asked = { vault: { billing: { size: 300 } } };
    const { status, body } = await world.host.call("PUT", `/vaults/${world.vault}`, asked);
    expect([status, body.vault.billing.status, body.vault.billing.size]).toEqual([200, "available", 300]);
  });
});

test("a whole vault is replicated beside a backup that runs in it, and not while a resource leaves or comes (CCY 23.1)", async () => {
  const ask = async ({ host, vault }: World): Promise<string> => {
    const to = { destination_project_id: "b".repeat(32), destination_region: "far" };
    const replicate = { vault_id: vault, ...to, destination_vault_id: "11111111-1111-4111-8111-111111111111" };
    return (await host.call("POST", "/checkpoints/replicate", { replicate })).body.error_code.slice(-4);
  };
  for (const [row, code] of [
    ["resource protecting", "1005"],
    ["resource restoring", "1005"],
    ["resource removing", "6134"],
    ["resource migrating", "6130"],
    ["vault frozen", "6112"],
  ] as const) {
    world?.close();
    world = await createWorld(RUNNING[row]?.needs);
    await RUNNING[row]?.start(world);
    expect([row, await ask(world)]).toEqual([row, code]);
    await RUNNING[row]?.end?.(world);
    await world.release();
  }
});
