/** What earlier Holdfasts did not write, and this one counts on. */
import type { Instant } from "../../domain/values.ts";
import { ConditionFailed, type Item } from "../../ports/record-store.ts";
import { readDirectory } from "../identity/directory.ts";
import { Backup, Vault } from "../records/entities.ts";
import { byProject } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import type { RecordServices } from "../services.ts";
import { collectDaily } from "../time/collections.ts";
import { firstMetering, wasMetered } from "../time/metering.ts";

/**
 * Idempotent, and harmless beside a service that is running already: on AWS the functions do not wait. `since`: when the step
 * was first begun, the same for each attempt.
 */
type Step = (s: RecordServices, since: Instant) => Promise<void>;

/** Step n brings records of version n + 1 up to version n + 2. A step is never changed once it was released. */
export const STEPS: readonly Step[] = [meterEveryVault];

/** Version 2: every vault is metered by the hour, and every repository is collected, not only those that are backed up again. */
async function meterEveryVault(s: RecordServices, since: Instant): Promise<void> {
  const { projects } = await readDirectory(s.records);
  for (const { id: projectId } of projects) {
    for await (const item of listed(s, projectId, "V")) {
      const { id, createdAt } = parseItem(Vault, item);
      // One that this version made is metered from its creation on, one that an attempt came to already from `since` on.
      if ((await wasMetered(s, id, createdAt)) || (await wasMetered(s, id, since))) continue;
      await s.records.write(firstMetering(id, since)).catch(unlessThere);
    }
    const repositories = new Set<string>();
    for await (const item of listed(s, projectId, "B")) repositories.add(parseItem(Backup, item).domainId);
    for (const domainId of repositories) await collectDaily(s, domainId, projectId);
  }
}

/** Another attempt at the same time wrote the same. */
const unlessThere = (error: unknown): void => {
  if (!(error instanceof ConditionFailed)) throw error;
};

/** Every row of a kind in a project, the oldest first. */
async function* listed(s: RecordServices, projectId: string, kind: "V" | "B"): AsyncGenerator<Item> {
  const { pk } = byProject(projectId, kind, 0, "");
  let cursor: string | undefined;
  do {
    const page = await s.records.query({ index: "g1", pk, limit: 500, ...(cursor !== undefined && { cursor }) });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
