/** Which version do the records have, and what brings those of an earlier Holdfast up to this one's? */
import { z } from "zod";
import type { Instant } from "../../domain/values.ts";
import type { Key, RecordStore } from "../../ports/record-store.ts";
import { bootKey } from "../identity/records.ts";
import type { Versioned } from "../records/record.ts";
import { insertAt, load, replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";
import { STEPS } from "./steps.ts";

/**
 * What stands in the records, beyond the form of single items: each item is read by its own schema, and a member that came later
 * is optional there. Raised when rows must be added or changed, or when an earlier Holdfast would misread what this one writes.
 */
export const RECORDS_VERSION = 1 + STEPS.length;

/** Kept beside everything else, so that a table and a file have it alike. */
export const versionKey: Key = { pk: "VERSION", sk: "A" };

const RecordsVersion = z.object({
  schema: z.literal(1),
  version: z.number().int().min(1),
  /** While it stands, steps from this version on may not all have been taken, which began at `since`. */
  from: z.number().int().min(1).optional(),
  /** Epoch milliseconds: what steps write is named by it, so that a second attempt writes the same. */
  since: z.number().int().optional(),
});
type RecordsVersion = z.infer<typeof RecordsVersion>;

/** The records were written by a newer Holdfast; nothing was changed. The message is one line that says what to do. */
class RecordsNewer extends Error {
  override readonly name = "RecordsNewer";
}

/**
 * Brings the records up; cheap when there is nothing to do: one read. Steps are idempotent, and the old version stands until all
 * were taken: a process that dies in between leaves the rest to the next one, and two at once do the same.
 * @returns the version from which they were brought up; undefined when they were of this version, or are new
 * @throws RecordsNewer
 */
export async function bringUp(s: RecordServices): Promise<number | undefined> {
  const found = (await load(s.records, { schema: RecordsVersion }, versionKey)) ?? (await mark(s));
  const { version, from } = found;
  if (version > RECORDS_VERSION)
    throw new RecordsNewer(
      `the records have version ${version}, this Holdfast knows versions up to ${RECORDS_VERSION}: use the newer Holdfast that wrote them`,
    );
  const before = from ?? version;
  if (before === RECORDS_VERSION) return undefined;
  // From here on an earlier Holdfast refuses them: it knows nothing of what the steps write.
  const { since = s.now() } = version === RECORDS_VERSION ? found : await change(s.records, begun(before, s.now()));
  for (const step of STEPS.slice(before - 1)) await step(s, since);
  await change(s.records, { version: RECORDS_VERSION });
  return before;
}

const begun = (from: number, since: Instant) => ({ version: RECORDS_VERSION, from, since });

/** Those of before there were versions are version 1; where there is no account yet, there is nothing to bring up. */
async function mark({ records, now }: RecordServices): Promise<RecordsVersion> {
  const old = (await records.get(bootKey, { consistent: true })) !== undefined;
  return change(records, old ? begun(1, now()) : { version: RECORDS_VERSION });
}

/** Writes what is to stand there, unless a process of a newer Holdfast was faster. */
const change = (records: RecordStore, to: Omit<RecordsVersion, "schema">): Promise<RecordsVersion> =>
  withFreshState(async () => {
    const present: Versioned<RecordsVersion> | undefined = await load(records, { schema: RecordsVersion }, versionKey);
    if (present !== undefined && present.version > to.version) return present;
    const next: RecordsVersion = { schema: 1, ...to };
    await records.write(
      present === undefined
        ? insertAt({ key: versionKey }, next)
        : replaceAt({ key: versionKey }, { ...next, v: present.v }),
    );
    return next;
  });
