/** When is a repository collected? Once a day from its first backup on, and whenever somebody asks. */
import { TransactionRefused, type Write } from "../../ports/record-store.ts";
import type { Due } from "../records/entities.ts";
import { dueKey, repositoryKey } from "../records/keys.ts";
import type { Repository } from "../records/repositories.ts";
import { insert, insertAt, repositories } from "../records/tables.ts";
import type { RecordServices, Services } from "../services.ts";
import { shardOf } from "./due.ts";

const DAY_MS = 24 * 3600 * 1000;

const dueCollection = (at: number, domainId: string): Write => {
  const due: Due = { schema: 1, workflow: "collect", name: domainId, input: { domainId } };
  return insertAt({ key: dueKey(shardOf(domainId), at, "collect", domainId) }, due);
};

/** From now on the repository is collected. Cheap when it is known already, which it is but once. */
export async function collectDaily(s: RecordServices, domainId: string, projectId: string): Promise<void> {
  // A stale read costs a refused transaction.
  if ((await s.records.get(repositoryKey(domainId))) !== undefined) return;
  const repository: Repository = { schema: 1, domainId, projectId, fence: 0 };
  try {
    await s.records.transact([insert(repositories, repository), dueCollection(s.now() + DAY_MS, domainId)]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}

/** Starts the day's collection and promises the next one. Loses to another tick that did both. */
export async function startDueCollection(s: Services, due: Due, key: { pk: string; sk: string }): Promise<void> {
  const domainId = String(due.input.domainId);
  const now = s.now();
  await start(s, domainId, new Date(now).toISOString().slice(0, 10));
  try {
    await s.records.transact([{ op: "delete", key, if: "present" }, dueCollection(now + DAY_MS, domainId)]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}

/** Collects right away; while another collection runs, that one is all there is. @returns the execution's name */
export const startCollection = (s: Services, domainId: string): Promise<string> =>
  start(s, domainId, s.newId().slice(0, 8));

async function start(s: Services, domainId: string, mark: string): Promise<string> {
  const name = `collect-${domainId}-${mark}`;
  await s.workflows.start("collect", name, { domainId, name });
  return name;
}
