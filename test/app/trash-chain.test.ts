/** Is `used` exact, and every backup whole, whatever is deleted and taken back in which order? (CAP-02..04) */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { hoursPass, settle } from "../support/retention-host.ts";

const BLOCKS = 6;
/** Content by block: 0 = zeros. */
type Content = readonly number[];

type Step =
  | { readonly do: "backup"; readonly content: Content }
  /** The n-th of those there are, modulo their number. */
  | { readonly do: "delete" | "undelete" | "restore"; readonly n: number }
  | { readonly do: "wait" };

const seed = fc.constantFrom(0, 2, 4);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("backup" as const),
      content: fc.array(seed, { minLength: BLOCKS, maxLength: BLOCKS }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom("delete" as const, "undelete" as const), n: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const), n: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ do: "wait" as const }) },
);

const bytesOf = (content: Content): Uint8Array =>
  diskOf(BLOCKS * BLOCK, Object.fromEntries(content.flatMap((s, i) => (s === 0 ? [] : [[i, s]]))));

const difference = (from: Content | undefined, to: Content): number =>
  to.filter((s, i) => s !== 0 && (from?.[i] ?? 0) !== s).length;

interface Taken {
  readonly id: string;
  readonly content: Content;
  state: "there" | "trashed" | "purged";
}

const those = (all: readonly Taken[], state: Taken["state"]) => all.filter((taken) => taken.state === state);
const usedOf = (all: readonly Taken[]): number =>
  those(all, "there").reduce((sum, { content }, i, there) => sum + difference(there[i - 1]?.content, content), 0) *
  BLOCK;

async function restores(host: AppHost, { id, content }: Taken): Promise<void> {
  const log = await host.restore(id, { volume_id: "d1" });
  expect(log.status, log.error_info.message).toBe("success");
  expect(Buffer.from(host.disks.bytes.get("d1") ?? []).equals(bytesOf(content)), id).toBe(true);
}

async function play(host: AppHost, vault: string, all: Taken[], one: Step): Promise<void> {
  if (one.do === "backup") {
    host.disks.setBytes("d1", bytesOf(one.content));
    host.clock.ahead += 1000;
    const { of } = await host.backUp(vault);
    all.push({ id: of.d1 ?? "", content: one.content, state: "there" });
    return;
  }
  if (one.do === "wait") {
    await hoursPass(host, 25);
    for (const taken of those(all, "trashed")) taken.state = "purged";
    return;
  }
  const from = those(all, one.do === "undelete" ? "trashed" : "there");
  const target = from[one.n % Math.max(1, from.length)];
  if (target === undefined) return;
  if (one.do === "restore") return restores(host, target);
  if (one.do === "delete") {
    await host.drop(target.id);
    target.state = "trashed";
    return;
  }
  const { status, body } = await host.call("POST", `/holdfast/backups/${target.id}/undelete`, {});
  expect(status).toBe(202);
  await host.idle();
  expect((await host.call("GET", `/operation-logs/${body.job_id}`)).body.operation_log).toMatchObject({
    status: "success",
  });
  target.state = "there";
}

test("used is exact after every step, and all that is there restores to what it was (CAP-03, CAP-04, CON-14)", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 14 }), fc.boolean(), async (steps, bad) => {
      const manners = {
        indexLagWrites: 2,
        conflictRate: 0.1,
        throttleRate: 0.02,
        shortPageRate: 0.3,
        random: Math.random,
      };
      const host = await createAppHost({ trashMs: 24 * 3600_000, ...(bad && { manners }) });
      try {
        host.disks.addDiskWith("d1", bytesOf([2, 0, 0, 0, 0, 0]));
        const vault = await host.vault(["d1"]);
        await settle(host);
        const all: Taken[] = [];
        for (const one of steps) {
          await play(host, vault, all, one);
          expect(await host.binding(vault, "d1")).toMatchObject({
            used: usedOf(all),
            backups: those(all, "there").length,
          });
        }
        for (const taken of those(all, "there")) await restores(host, taken);
        for (const { id } of those(all, "purged"))
          expect((await host.call("POST", `/holdfast/backups/${id}/undelete`, {})).status).toBe(404);
      } finally {
        host.close();
      }
    }),
    { numRuns: 6 },
  );
}, 120_000);
