/** Is every cell of the matrix what really happens? The row's thing is started and held in its middle, the column's is asked for. */
import { afterEach, describe, expect, test } from "vitest";
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
import { RUNNING } from "./running.ts";
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

describe("CCY 23.1, cell by cell: refused at once, left out of scheduled runs, or both run (CCY-01, CCY-03)", () => {
  for (const [title, some] of Map.groupBy(cases, ({ row }) => `while: ${row.what} (${row.source})`))
    describe(title, () => {
      test.each(some.map((one) => [nameOf(one), one] as const))("%s", async (_name, one) => {
        const running = RUNNING[`${one.scope} ${one.status}`];
        if (running === undefined) throw new Error(`nothing starts ${one.scope} ${one.status}`);
        const backups = one.newest === undefined ? {} : { backups: 2 };
        const needs = { ...backups, trashed: one.asked === "undelete", policy: one.asked === "scheduled" };
        world = await createWorld({ ...needs, ...running.needs });
        const given = await running.start(world);
        const backup = one.newest === false ? (world.backups[0] ?? "") : given;
        const before = await world.changes();
        const outcome = await ASK[one.asked](world, backup);
        expect(seen(one)).toContain(outcome);
        // CCY-01: nothing is queued, and nothing of a refused request is left.
        if (outcome !== "ok" && !outcome.startsWith("skip")) expect(await world.changes()).toEqual(before);
        await running.end?.(world);
        await world.release();
        // What both run come to their ends.
        expect(await settled(world)).toEqual([]);
      });
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
