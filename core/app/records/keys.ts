/** Every key of the table, in one place (docs/developer/records.md explains them). */
import { type Instant, sortableTime } from "../../domain/values.ts";
import type { Key } from "../../ports/record-store.ts";

const padded = (n: number, width: number): string => String(n).padStart(width, "0");
const timed = (at: Instant, id: string): string => `${sortableTime(at)}#${id}`;

export const vaultKey = (vaultId: string): Key => ({ pk: `V#${vaultId}`, sk: "A" });
export const bindingKey = (vaultId: string, resourceId: string): Key => ({ pk: `V#${vaultId}`, sk: `R#${resourceId}` });
export const BINDINGS = "R#";
/** A binding that a saga wants to add or change: nobody who reads bindings sees it before it is moved to its place. */
export const stagedKey = (vaultId: string, resourceId: string): Key => ({ pk: `V#${vaultId}`, sk: `Q#${resourceId}` });
export const STAGED = "Q#";
export const claimKey = (projectId: string, id: string): Key => ({ pk: `C#${projectId}#${id}`, sk: "C" });
export const sagaKey = (projectId: string, id: string): Key => ({ pk: `I#${projectId}#${id}`, sk: "I" });
export const checkpointKey = (checkpointId: string): Key => ({ pk: `K#${checkpointId}`, sk: "A" });
export const memberKey = (checkpointId: string, resourceId: string): Key => ({
  pk: `K#${checkpointId}`,
  sk: `M#${resourceId}`,
});
export const MEMBERS = "M#";
export const skippedKey = (checkpointId: string, resourceId: string): Key => ({
  pk: `K#${checkpointId}`,
  sk: `S#${resourceId}`,
});
export const SKIPPED = "S#";
export const backupKey = (backupId: string): Key => ({ pk: `B#${backupId}`, sk: "A" });
export const partKey = (backupId: string, partId: string): Key => ({ pk: `B#${backupId}`, sk: `D#${partId}` });
export const PARTS = "D#";
/** A disk child found by its own id: points to its server backup. */
export const aliasKey = (partId: string): Key => ({ pk: `B#${partId}`, sk: "A" });
export const metadataKey = (backupId: string): Key => ({ pk: `B#${backupId}`, sk: "X#meta" });
/** What is left of a deleted backup: all of it while it can come back, then the reason. */
export const trashKey = (backupId: string): Key => ({ pk: `B#${backupId}`, sk: "T" });
/** The clock as the ticks have seen it, and the jumps that a project has confirmed. */
export const CLOCK_KEY: Key = { pk: "CLOCK", sk: "A" };
export const clockWordKey = (projectId: string): Key => ({ pk: "CLOCK", sk: `P#${projectId}` });
/** Retention plans that wait for a person, one a resource. */
export const heldPlanKey = (projectId: string, resourceId: string): Key => ({
  pk: `P#${projectId}`,
  sk: `HELD#${resourceId}`,
});
export const HELD_PLANS = "HELD#";
export const taskKey = (taskId: string): Key => ({ pk: `T#${taskId}`, sk: "A" });
export const taskProgressKey = (taskId: string): Key => ({ pk: `T#${taskId}`, sk: "P" });
/** One row per disk backup, in time order: who stands before and after whom when `used` is counted (CAP-02..04). */
export const chainKey = (vaultId: string, diskId: string, at: Instant, partId: string): Key => ({
  pk: `CH#${vaultId}#${diskId}`,
  sk: timed(at, partId),
});
export const runKey = (domainId: string, runId: string): Key => ({ pk: `REPO#${domainId}`, sk: `O#${runId}` });
export const OPEN_RUNS = "O#";
/** The collector's lease and what it last found. */
export const repositoryKey = (domainId: string): Key => ({ pk: `REPO#${domainId}`, sk: "G" });
/** Runs that the packs condemned at an epoch wait for. */
export const waitsKey = (domainId: string, epoch: number): Key => ({
  pk: `REPO#${domainId}`,
  sk: `W#${padded(epoch, 10)}`,
});
export const WAITS = "W#";
/** Roots that a user has deleted and that go once nothing pins them. */
export const intentKey = (domainId: string, rootId: string): Key => ({ pk: `REPO#${domainId}`, sk: `D#${rootId}` });
export const INTENTS = "D#";
const unitPk = (runId: string, fence: number, attempt: number): string => `U#${runId}#${fence}#${attempt}`;
export const publishedKey = (u: UnitPlace, attemptId: string): Key => ({
  pk: unitPk(u.runId, u.fence, u.attempt),
  sk: `${padded(u.disk, 3)}#${padded(u.firstLeaf, 8)}#${attemptId}`,
});
export const confirmedKey = (u: UnitPlace): Key => ({
  pk: unitPk(u.runId, u.fence, u.attempt),
  sk: `${padded(u.disk, 3)}#${padded(u.firstLeaf, 8)}#ok`,
});
export const unitRange = (u: Omit<UnitPlace, "firstLeaf">): { pk: string; prefix: string } => ({
  pk: unitPk(u.runId, u.fence, u.attempt),
  prefix: `${padded(u.disk, 3)}#`,
});

/** Where a unit of work stands: run, fence of the run, capture attempt, disk number, first leaf. */
export interface UnitPlace {
  readonly runId: string;
  readonly fence: number;
  readonly attempt: number;
  readonly disk: number;
  readonly firstLeaf: number;
}

/** Index partitions: G1 project order, G2 vault order, G3 resource order; sort key = creation time and id. */
export const byProject = (projectId: string, kind: "V" | "B" | "T" | "X", at: Instant, id: string): Key => ({
  pk: `P#${projectId}#${kind}`,
  sk: timed(at, id),
});
export const byVault = (vaultId: string, kind: "B" | "T", at: Instant, id: string): Key => ({
  pk: `V#${vaultId}#${kind}`,
  sk: timed(at, id),
});
export const byResource = (projectId: string, resourceId: string, kind: "B" | "T", at: Instant, id: string): Key => ({
  pk: `P#${projectId}#R#${resourceId}#${kind}`,
  sk: timed(at, id),
});
/** Which vault a resource is bound in: G3 of the binding. */
export const bindingByResource = (projectId: string, resourceId: string, vaultId: string): Key => ({
  pk: `P#${projectId}#R#${resourceId}`,
  sk: `V#${vaultId}`,
});

/** What a vault was in an hour; in a partition of its own, because reading a vault reads all of its own one. */
export const meteringKey = (vaultId: string, hour: Instant): Key => ({ pk: `MT#${vaultId}`, sk: sortableTime(hour) });

export const DUE_SHARDS = 16;
/** Due work, read `≤ now`: a missed tick is only late. */
export const dueKey = (shard: number, at: Instant, kind: string, id: string): Key => ({
  pk: `DUE#${padded(shard, 2)}`,
  sk: `${sortableTime(at)}#${kind}#${id}`,
});
