/** What does a point that has come amount to, and which writes settle it together with the points that nobody saw? */
import { latestPoint, nextPoint, scheduleOf, startDelay } from "../../domain/schedule.ts";
import type { Instant } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Vault } from "../records/entities.ts";
import { loadLink, loadPolicy, type Policy, policyLinks } from "../records/policies.ts";
import type { PointDue, ScheduledRun } from "../records/scheduled-runs.ts";
import { replace } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import { aboutRun, dropPoint, knows, leaveGap, promise, runAt, saysNow, writeRun } from "./points.ts";

/** Another tick was faster, or the policy says something else by now: there is nothing to do. */
export class NoLongerDue extends Error {
  override readonly name = "NoLongerDue";
}

export interface Claim {
  readonly policy: Policy;
  readonly vault: Vault;
  /** The point that runs: the last one that has come. */
  readonly latest: Instant;
  /** The first point that nobody saw, when it is not the one that runs. */
  readonly missed: Instant | undefined;
  /** The writes that settle it, with what became of the run: seven at most. */
  readonly writes: (is: Pick<ScheduledRun, "state"> & Partial<ScheduledRun>) => Promise<readonly Write[]>;
}

const MISSED = "the service did not run at that time";

/**
 * What stands between the promised point and now, on fresh state: points before the last one are missed (design §7).
 * @throws NoLongerDue
 */
export async function claimPoint(
  s: RecordServices,
  { policyId, vaultId, nominal }: PointDue,
  now: Instant,
  vault: Vault | undefined,
): Promise<Claim> {
  const link = await loadLink(s.records, policyId, vaultId);
  if (link?.next !== nominal) throw new NoLongerDue();
  const policy = await loadPolicy(s.records, link.projectId, link.operationType, policyId);
  if (policy === undefined || vault === undefined || !knows(link, policy)) throw new NoLongerDue();
  const said = saysNow(policy);
  const schedule = scheduleOf(said.texts, said.anchor);
  const latest = Math.max(nominal, latestPoint(schedule, now - startDelay(vaultId)) ?? nominal);
  const next = nextPoint(schedule, latest);
  const about = aboutRun(policy, vault);
  return {
    policy,
    vault,
    latest,
    missed: latest > nominal ? nominal : undefined,
    writes: async (is) => {
      const [run, promised] = await Promise.all([writeRun(s, runAt(about, latest, is)), promise(s, about, next)]);
      const writes: Write[] = [
        // The claim: of two ticks one moves the link on. The policy is not checked: thousands of vaults may share it, and
        // whoever changes it writes every link afterwards.
        replace(policyLinks, { ...link, accounted: latest, next }),
        dropPoint(link, nominal),
        run,
        ...promised,
      ];
      if (latest === nominal) return writes;
      const missed = runAt(about, nominal, { state: "missed", reason: MISSED, endedAt: now });
      const gap = leaveGap(about, said, { after: nominal, before: latest, reason: MISSED });
      return [...writes, await writeRun(s, missed), ...gap];
    },
  };
}
