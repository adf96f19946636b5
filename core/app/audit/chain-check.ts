/** Looks at one batch of an audit chain after the other, as it stands there, and remembers what is wrong. */
import { Buffer } from "node:buffer";
import { KeyMismatch } from "../../ports/key-service.ts";
import type { Item } from "../../ports/record-store.ts";
import {
  AuditBatch,
  AuditHead,
  auditHeadKey,
  BATCHES,
  batchKey,
  HOUR_MS,
  hourOf,
  hourOfLabel,
} from "../records/audit.ts";
import type { Services } from "../services.ts";
import { type AuditFinding, compareHour } from "./compare-hour.ts";
import { batchHash, sealContext } from "./hashes.ts";
import { type HourIndex, leadsTo, readHourIndex } from "./hour-index.ts";
import { SEAL_AFTER_MS } from "./seal-hours.ts";

/** A tick comes every minute; who seals this late had a reason. */
const LATE_MS = HOUR_MS + SEAL_AFTER_MS;

export type CheckServices = Pick<Services, "records" | "keys" | "now">;

/** Where the chain was seen to. */
export interface ChainEnd {
  readonly number: number;
  /** Undefined when that batch is no witness. */
  readonly hash: string | undefined;
  readonly label: string | undefined;
}

const endOfHour = (label: string): number => Date.parse(`${hourOfLabel(label)}:00:00Z`) + HOUR_MS;

export class ChainCheck {
  traces = 0;
  end: ChainEnd;
  /** Proofs that something was changed, removed or added. */
  readonly findings: AuditFinding[] = [];
  /** What is odd and has harmless reasons as well: the service was off, the clock was set. */
  readonly remarks: AuditFinding[] = [];
  readonly #s: CheckServices;
  readonly #projectId: string;
  #index: Promise<HourIndex> | undefined;

  constructor(s: CheckServices, projectId: string, end: ChainEnd) {
    this.#s = s;
    this.#projectId = projectId;
    this.end = end;
  }

  /** The next batch that is there. */
  async look(sk: string, body: unknown): Promise<void> {
    const number = Number(sk.slice(BATCHES.length));
    await this.#missing(this.end.number + 1, number - 1);
    const batch = AuditBatch.safeParse(body).data;
    const inPlace = batch?.number === number && batch.projectId === this.#projectId;
    if (batch === undefined || !inPlace || !(await this.#isSealed(batch))) return this.#changed(number, batch?.label);
    const { label } = batch;
    const follows = this.end.number === number - 1 && this.end.hash !== undefined;
    if (follows && batch.previous !== this.end.hash)
      this.#find(number, label, "the batch does not follow the one before it");
    if (!(await leadsTo(this.#s.records, this.#projectId, batch)))
      this.#find(number, label, "the entry that leads to this hour was changed or removed");
    this.#remark(batch);
    await this.#compare(batch);
    this.end = { number, hash: batchHash(batch), label };
  }

  /** Behind the last batch: does the chain end where it says, and does no hour claim a batch that there is not? */
  async close(): Promise<void> {
    const item = await this.#s.records.get(auditHeadKey(this.#projectId), { consistent: true });
    const head = AuditHead.safeParse(item?.body).data;
    // What was sealed since the walk ended.
    for (let next = this.end.number + 1; next <= (head?.number ?? 0); next++) {
      const batch = await this.#batch(next);
      if (batch !== undefined) await this.look(batch.sk, batch.body);
    }
    await this.#missing(this.end.number + 1, head?.number ?? 0);
    const { number, hash, label = "unknown" } = this.end;
    if (head === undefined) {
      if (item !== undefined || number > 0) this.#find(number, label, "the end of the chain was changed or removed");
    } else {
      if (head.number < number || (head.number === number && hash !== undefined && head.hash !== hash))
        this.#find(number, label, "the end of the chain was changed");
      if (head.lastHour < hourOf(this.#s.now() - LATE_MS - HOUR_MS))
        this.remarks.push({ batch: number, hour: head.lastHour, what: "nothing was sealed since: does the tick run?" });
    }
    await this.#strayEntries(Math.max(number, head?.number ?? 0));
  }

  /** Entries of hours that no batch up to the last one owns; a tick may have sealed a further one meanwhile. */
  async #strayEntries(last: number): Promise<void> {
    const { byBatch, stray } = await this.#hours();
    const beyond = [...byBatch].flatMap(([batch, hour]) => (batch < 1 || batch > last ? [{ batch, hour }] : []));
    for (const { batch, hour } of [...stray, ...beyond])
      if (batch <= last || (await this.#batch(batch)) === undefined)
        this.#find(batch, hour, "the entry of this hour leads to no batch of its own: it was added or changed");
  }

  async #batch(number: number): Promise<Item | undefined> {
    return this.#s.records.get(batchKey(this.#projectId, number), { consistent: true });
  }

  #find(batch: number, hour: string, what: string): void {
    this.findings.push({ batch, hour, what });
  }

  /** What it says proves nothing; its traces are compared with the list that was sealed with it. */
  async #changed(number: number, said: string | undefined): Promise<void> {
    const label = (await this.#hours()).byBatch.get(number) ?? said;
    this.#find(number, label ?? "unknown", "the batch was changed");
    if (label !== undefined) await this.#compare({ label, number, root: undefined });
    this.end = { number, hash: undefined, label };
  }

  async #missing(from: number, to: number): Promise<void> {
    for (let number = from; number <= to; number++) {
      const label = (await this.#hours()).byBatch.get(number);
      this.#find(number, label ?? `after ${this.end.label ?? "the beginning"}`, "the batch was removed");
      if (label !== undefined) await this.#compare({ label, number, root: undefined });
    }
  }

  async #compare(batch: Parameters<typeof compareHour>[2]): Promise<void> {
    const { traces, findings } = await compareHour(this.#s.records, this.#projectId, batch);
    this.traces += traces;
    this.findings.push(...findings);
  }

  async #isSealed(batch: AuditBatch): Promise<boolean> {
    try {
      const opened = await this.#s.keys.unwrap(Buffer.from(batch.seal, "base64"), sealContext(batch));
      return Buffer.from(opened).toString("hex") === batchHash(batch);
    } catch (error) {
      if (error instanceof KeyMismatch) return false;
      throw error;
    }
  }

  #remark({ number, label, sealedAt }: AuditBatch): void {
    const about = { batch: number, hour: label };
    const late = sealedAt - endOfHour(label);
    if (late > LATE_MS)
      this.remarks.push({ ...about, what: `sealed ${Math.round(late / HOUR_MS)} hours after its end` });
    const before = this.end.label;
    if (before !== undefined && endOfHour(before) + HOUR_MS < endOfHour(label))
      this.remarks.push({ ...about, what: `no batch since ${before}: no tick came in between` });
  }

  #hours(): Promise<HourIndex> {
    this.#index ??= readHourIndex(this.#s.records, this.#projectId);
    return this.#index;
  }
}
