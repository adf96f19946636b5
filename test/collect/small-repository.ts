/** A repository in memory with a collector, for tests of marking, trashing and moving. */
import { collect } from "../../core/engine/collect/collect.ts";
import type { MarkRules } from "../../core/engine/collect/mark.ts";
import { compact } from "../../core/engine/collect/move.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import type { CollectAsk, CollectReport, CompactAsk, CompactReport } from "../../core/ports/collection.ts";
import { BLOCK, backUp, diskOf, testDomain } from "../support/engine-disks.ts";
import { createMemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { createMemoryRuns } from "./memory-runs.ts";

export const HOUR = 3600 * 1000;
/** A little more than the belt. */
export const DAY = 25 * HOUR;

export type SmallRepository = Awaited<ReturnType<typeof smallRepository>>;

/** Disks of `blocks` blocks; `save` makes a backup of one whose blocks hold these patterns. */
export async function smallRepository(blocks = 32) {
  const objects = createMemoryObjects();
  const access = createMemoryBlocks();
  const plane = createDataPlane({ objects, blocks: access });
  const domain = testDomain();
  const inside = repositoryObjects(objects, domain.domainId);
  const runs = createMemoryRuns();
  const contents = new Map<string, Uint8Array>();
  const clock = { now: 1_800_000_000_000 };
  const names = (kind: string): string[] =>
    [...objects.objects.keys()].flatMap((name) => {
      const prefix = `${domain.domainId}/${kind}/`;
      return name.startsWith(prefix) ? [name.slice(prefix.length)] : [];
    });
  return {
    objects,
    inside,
    plane,
    domain,
    runs,
    contents,
    clock,
    crypto: await openDomain(domain),
    packs: () => names("packs"),
    names,
    capture(rootId: string, pattern: Readonly<Record<number, number>>) {
      const bytes = diskOf(blocks * BLOCK, pattern);
      contents.set(rootId, bytes);
      return access.snapshot(`snap-${rootId}`, bytes);
    },
    async save(rootId: string, pattern: Readonly<Record<number, number>>, parentRoot?: string) {
      const snapshot = this.capture(rootId, pattern);
      return backUp(plane, domain, snapshot, rootId, parentRoot === undefined ? {} : { parentRoot });
    },
    /** What deleting a backup does once nothing pins its root. */
    async drop(rootId: string) {
      await inside.trash(`roots/${rootId}`);
    },
    collect: (ask: Partial<CollectAsk> = {}, rules?: MarkRules): Promise<CollectReport> =>
      collect(inside, domain, runs, { step: "decide", now: clock.now, ...ask }, rules),
    compact: (ask: Partial<CompactAsk> = {}, rules?: MarkRules): Promise<CompactReport> =>
      compact(inside, domain, runs, { now: clock.now, budgetBytes: 2 ** 32, ...ask }, rules),
    /** Decides and trashes, a day later each time, until nothing is garbage any more. */
    async collectAll() {
      for (let day = 0; day < 4; day++) {
        await this.collect();
        await this.collect({ step: "trash" });
        clock.now += DAY;
      }
    },
    /** Restores a backup and compares it with what was saved. @throws Damaged */
    async restored(rootId: string): Promise<boolean> {
      const bytes = contents.get(rootId) ?? new Uint8Array(0);
      const target = access.target(`target-${rootId}`, new Uint8Array(bytes.length).fill(7), "overwrite");
      const leaves = Math.ceil(bytes.length / (1024 * BLOCK));
      const unit = { domain, rootId, target, firstLeaf: 0, endLeaf: leaves, readBack: false, budgetMs: 60_000 };
      await plane.restore(unit);
      return Buffer.from(access.targets.get(`target-${rootId}`)?.bytes ?? []).equals(bytes);
    },
  };
}
