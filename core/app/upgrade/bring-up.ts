/** What brings the records of an earlier Holdfast up to this one's version? */
import type { RecordStore } from "../../ports/record-store.ts";
import { bootKey } from "../identity/records.ts";
import type { Versioned } from "../records/record.ts";
import { insertAt, load, replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { RecordServices } from "../services.ts";
import { STEPS } from "./steps.ts";
import { beingBroughtUp, RECORDS_VERSION, RecordsVersion, versionKey } from "./version.ts";

/** The records were written by a newer Holdfast; nothing was changed. The message is one line that says what to do. */
class RecordsNewer extends Error {
  override readonly name = "RecordsNewer";
}

/**
 * Brings the records up; cheap when there is nothing to do: one read. Steps are idempotent, and that they were begun stands until
 * all were taken: a process that dies in between leaves the rest to the next one, and two at once do the same.
 * @returns the version from which they were brought up; undefined when they were of this version, or are new
 * @throws RecordsNewer
 */
export async function bringUp(s: RecordServices): Promise<number | undefined> {
  const found = await read(s.records);
  // Where there is no account yet there is nothing: the first one comes with the version.
  if (found === undefined && (await s.records.get(bootKey, { consistent: true })) === undefined) return undefined;
  const { begun } = checked(found?.version === RECORDS_VERSION ? found : await begin(s));
  if (begun === undefined) return undefined;
  for (const step of STEPS.slice(begun.from - 1)) await step(s, begun.at);
  await end(s.records);
  return begun.from;
}

const read = (records: RecordStore): Promise<Versioned<RecordsVersion> | undefined> =>
  load(records, { schema: RecordsVersion }, versionKey);

function checked(found: RecordsVersion): RecordsVersion {
  if (found.version > RECORDS_VERSION)
    throw new RecordsNewer(
      `the records have version ${found.version}, this Holdfast knows versions up to ${RECORDS_VERSION}: use the newer Holdfast that wrote them`,
    );
  return found;
}

/** Writes that it is begun, unless somebody did or has ended it already: his instant counts. */
const begin = ({ records, now }: RecordServices): Promise<RecordsVersion> =>
  withFreshState(async () => {
    const present = await read(records);
    if (present !== undefined && present.version >= RECORDS_VERSION) return present;
    const next = beingBroughtUp(present?.version ?? 1, now());
    const place = { key: versionKey };
    await records.write(present === undefined ? insertAt(place, next) : replaceAt(place, { ...next, v: present.v }));
    return next;
  });

/** Idempotent: whoever of two is second finds it done. */
const end = (records: RecordStore): Promise<void> =>
  withFreshState(async () => {
    const present = await read(records);
    if (present?.begun === undefined) return;
    const { begun: _, ...rest } = present;
    await records.write(replaceAt({ key: versionKey }, rest));
  });
