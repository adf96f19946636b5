/** The runs of a repository on the service's records, as the engine's collector asks for them. */
import type { RepositoryRuns, RunSeen } from "../../ports/collection.ts";
import { ConditionFailed } from "../../ports/record-store.ts";
import { publishedKey, runKey, type UnitPlace, unitRange, WAITS, waitsKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { WaitedFor } from "../records/repositories.ts";
import { type MoveRun, UnitResult } from "../records/runs.ts";
import { insertAt, listAll, load, RESULT_TTL_SECONDS, runs, walkItems } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { type Collector, guard } from "./collector-lease.ts";
import { openRuns } from "./open-runs.ts";

/** A move has one result. */
const placeOfMove = (run: RunSeen): UnitPlace => ({ runId: run.id, fence: 0, attempt: 0, disk: 0, firstLeaf: 0 });

export function repositoryRuns(s: Pick<Services, "records" | "now" | "newId">, collector: Collector): RepositoryRuns {
  const { domainId } = collector;
  const payloads = async function* (range: { readonly pk: string; readonly prefix: string }) {
    for await (const item of walkItems(s.records, range.pk, range.prefix))
      yield Buffer.from(parseItem(UnitResult, item).payload, "base64");
  };
  return {
    async open() {
      const { runs, moves } = await openRuns(s.records, domainId);
      return [
        ...runs.map(({ id, kind, pins }) => ({ id, kind, pins })),
        ...moves.map(({ id, kind }) => ({ id, kind, pins: [] })),
      ];
    },
    async *results(seen) {
      if (seen.kind === "restore") return;
      if (seen.kind === "move") {
        yield* payloads(unitRange(placeOfMove(seen)));
        return;
      }
      // As it is now: results of an attempt that was given up are never sealed, and a closed run has a root instead.
      const run = await load(s.records, runs, runKey(domainId, seen.id));
      if (run === undefined) return;
      for (const disk of run.disks.keys())
        yield* payloads(unitRange({ runId: run.id, fence: run.fence, attempt: run.attempt, disk }));
    },
    async openMove() {
      await guard(s, collector);
      const id = s.newId();
      const run: MoveRun = { schema: 1, id, kind: "move", domainId, fence: collector.fence, openedAt: s.now() };
      await s.records.write(insertAt({ key: runKey(domainId, id) }, run));
      return { id, kind: "move", pins: [] };
    },
    async publishMove(run, payload) {
      const result: UnitResult = {
        schema: 1,
        firstLeaf: 0,
        endLeaf: 0,
        counts: { read: 0, nonZero: 0, changed: 0, stored: 0 },
        payload: Buffer.from(payload).toString("base64"),
      };
      const ttl = Math.floor(s.now() / 1000) + RESULT_TTL_SECONDS;
      await s.records.write(insertAt({ key: publishedKey(placeOfMove(run), s.newId()), ttl }, result));
    },
    // Whoever closes it second has nothing to do.
    closeMove: (run) => s.records.write({ op: "delete", key: runKey(domainId, run.id), if: "any" }),
    guard: () => guard(s, collector),
    async waits() {
      const noted = await listAll(s.records, WaitedFor, waitsKey(domainId, 0).pk, WAITS);
      return new Map(noted.map(({ epoch, runs }) => [epoch, runs]));
    },
    async noteWaits(epoch, runs) {
      const noted: WaitedFor = { schema: 1, epoch, runs: [...runs] };
      await s.records.write(insertAt({ key: waitsKey(domainId, epoch) }, noted)).catch((error: unknown) => {
        // The first note stays: it was taken nearer to the epoch, and both came after it.
        if (!(error instanceof ConditionFailed)) throw error;
      });
    },
    // Asked for by whoever collects: forgotten twice is forgotten.
    forgetWaits: (epoch) => s.records.write({ op: "delete", key: waitsKey(domainId, epoch), if: "any" }),
  };
}
