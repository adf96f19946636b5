/** Binds resources under claims, all or none: one transaction when they fit, chunks under a saga when they do not. */
import { fault } from "../../domain/fault.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Binding } from "../records/entities.ts";
import { stagedKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { bindings, insert, insertAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { type Claimant, claimWrites } from "./claims.ts";
import type { BindingPlan } from "./plan-bindings.ts";
import { newBinding } from "./plan-bindings.ts";
import {
  abortSaga,
  beginSaga,
  committed,
  isStale,
  loadSaga,
  MAX_WRITES,
  type Saga,
  Staged,
  stillPending,
} from "./sagas.ts";
import { settle } from "./show-vault.ts";

/** A plan, and whether the vault holds the resource already (then its choice of disks is replaced, VLT-25). */
export interface Wanted {
  readonly plan: BindingPlan;
  readonly update: boolean;
}

/** Writes of one plan at most: its row and the claims on itself and its disks. */
const writesOf = ({ plan }: Wanted): number => 2 + plan.disks.length;

/** Whether rows and claims of all, and `more` writes beside the vault itself, fit one transaction. */
export const fitsOneTransaction = (wanted: readonly Wanted[], more = 0): boolean =>
  wanted.reduce((sum, one) => sum + writesOf(one), more) < MAX_WRITES;

/** As many plans at a time as fit one transaction beside the check of the saga. */
function chunks(wanted: readonly Wanted[]): Wanted[][] {
  const all: Wanted[][] = [];
  let room = 0;
  for (const one of wanted) {
    if (writesOf(one) > room) {
      all.push([]);
      room = MAX_WRITES - 1;
    }
    all.at(-1)?.push(one);
    room -= writesOf(one);
  }
  return all;
}

/**
 * Writes rows and claims in chunks that nobody sees, then commits them with `commit`'s writes in one transaction. Whatever
 * goes wrong before the commit, nothing is bound and nothing stays claimed; when this process dies, its claims are free
 * after ten minutes.
 * @param commit decides on fresh state and gives the other writes of the commit; a Fault ends the saga
 * @throws Fault as claimWrites; what `commit` throws
 */
export async function bindBySaga(
  s: Services,
  claimant: Claimant,
  kind: Saga["kind"],
  wanted: readonly Wanted[],
  commit: () => Promise<readonly Write[]>,
): Promise<void> {
  const resourceIds = wanted.map(({ plan }) => plan.resourceId);
  const { projectId, vaultId } = claimant;
  const saga = await beginSaga(s, { id: claimant.saga, projectId, vaultId, kind, resourceIds });
  const stillOurs = async () => {
    const now = await loadSaga(s, projectId, saga.id);
    if (now?.v !== saga.v) fault("9910", `binding ${resourceIds.length} resources took too long and was given up`);
  };
  try {
    // In one order for everybody: of requests that race for the same resources, one gets through.
    for (const chunk of chunks([...wanted].sort((a, b) => (a.plan.resourceId < b.plan.resourceId ? -1 : 1))))
      await withFreshState(async () => {
        await stillOurs();
        if (kind === "add") await clearStaged(s, claimant, chunk);
        const claims = await claimWrites(
          s,
          claimant,
          chunk.map(({ plan }) => plan),
        );
        const rows = chunk.map((one) => row(kind, one, newBinding(one.plan, vaultId, projectId, s.now()), saga.id));
        await s.records.transact([stillPending(saga), ...rows, ...claims.flat()]);
      });
    await withFreshState(async () => {
      await stillOurs();
      await s.records.transact([committed(saga), ...(await commit())]);
    });
  } catch (error) {
    const end = await abortSaga(s, projectId, saga.id).catch((failure: unknown) => {
      // The claims are free in ten minutes all the same; what is told is why the binding failed.
      s.log({
        level: "warn",
        text: "a binding saga could not be undone at once",
        saga: saga.id,
        cause: String(failure),
      });
      return "aborted" as const;
    });
    // A commit whose answer was lost is still a commit.
    if (end === "aborted") throw error;
  }
}

/** One row may wait for a resource. Another request's is waited out by the caller, a dead process's is undone. */
async function clearStaged(s: Services, { projectId, vaultId }: Claimant, chunk: readonly Wanted[]): Promise<void> {
  const keys = chunk.map(({ plan }) => stagedKey(vaultId, plan.resourceId));
  for (const item of await s.records.getMany(keys, { consistent: true })) {
    if (item === undefined) continue;
    const waiting = parseItem(Staged, item);
    const other = await loadSaga(s, projectId, waiting.saga);
    if (other === undefined) await settle(s, projectId, [waiting]);
    else if (isStale(other, s.now())) await abortSaga(s, projectId, other.id);
    else fault("6103", `resource ${waiting.binding.resourceId} is being bound by another request`);
  }
}

function row(kind: Saga["kind"], { update }: Wanted, binding: Binding, saga: string): Write {
  if (kind === "create") return insert(bindings, binding);
  const staged: Staged = { schema: 1, saga, update, binding };
  return insertAt({ key: stagedKey(binding.vaultId, binding.resourceId) }, staged);
}
