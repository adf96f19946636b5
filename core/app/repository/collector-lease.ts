/** Who may collect a repository? One at a time, by a lease with a fence, so that no work is done twice; safety does not rest on it. */
import { ConditionFailed } from "../../ports/record-store.ts";
import { repositoryKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import type { Repository } from "../records/repositories.ts";
import { load, replace, repositories } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";

/** Longer than a task of the workflow may take (15 minutes), with its retries. */
const LEASE_MS = 30 * 60 * 1000;

/** Another collector has taken over, or the repository is gone. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/** A collector: its execution's name, and the fence that it was given. */
export interface Collector {
  readonly domainId: string;
  readonly name: string;
  readonly fence: number;
}

type LeaseServices = Pick<Services, "records" | "now">;

/**
 * Takes the lease, or takes it over from a holder whose time has run out; a repeated task takes its own again, which shuts
 * out its twin. @returns undefined when somebody else collects, or there is nothing to collect
 */
export const takeLease = (s: LeaseServices, domainId: string, name: string): Promise<Collector | undefined> =>
  withFreshState(async () => {
    const repository = await load(s.records, repositories, repositoryKey(domainId));
    if (repository === undefined) return undefined;
    const now = s.now();
    const { lease } = repository;
    // One that ends later than a lease can was taken by a clock that was ahead.
    const held = lease !== undefined && lease.until > now && lease.until <= now + LEASE_MS;
    if (held && lease.holder !== name) return undefined;
    const fence = repository.fence + 1;
    await s.records.write(
      replace(repositories, { ...repository, fence, lease: { holder: name, until: now + LEASE_MS } }),
    );
    return { domainId, name, fence };
  });

/** The repository as its collector sees it. @throws LeaseLost */
export async function loadHeld(s: LeaseServices, { domainId, name, fence }: Collector): Promise<Versioned<Repository>> {
  const repository = await load(s.records, repositories, repositoryKey(domainId));
  if (repository?.lease?.holder !== name || repository.fence !== fence)
    throw new LeaseLost(`collection ${name} of ${domainId} has lost its lease (fence ${fence})`);
  return repository;
}

/** Nobody else collects; the lease is renewed when half of it is over. @throws LeaseLost */
export async function guard(s: LeaseServices, collector: Collector): Promise<void> {
  const repository = await loadHeld(s, collector);
  const now = s.now();
  if ((repository.lease?.until ?? 0) - now > LEASE_MS / 2) return;
  const lease = { holder: collector.name, until: now + LEASE_MS };
  await s.records.write(replace(repositories, { ...repository, lease })).catch(async (error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
    await loadHeld(s, collector);
  });
}
