/** The world that the actors share: objects, runs and records in memory, and the oracle, which no actor reads. */

import type { AvoidSet } from "../../core/engine/avoid-set.ts";
import { decodePayload } from "../../core/engine/payload.ts";
import type { PackFacts } from "../../core/engine/places.ts";
import type { Relocations } from "../../core/engine/relocations.ts";
import type { Root } from "../../core/engine/root-format.ts";
import type { DomainKeys } from "../../core/ports/data-plane.ts";
import { type ListedObject, ObjectMissing, type ObjectStore, RangeUnavailable } from "../../core/ports/object-store.ts";
import type { Actor } from "./support-model-scheduler.ts";

export const DOMAIN: DomainKeys = { domainId: "d", secret: new Uint8Array(32) };
export const HOUR = 3600 * 1000;
/** A little more than the collector's belt. */
export const DAY = 25 * HOUR;
/** As in support-model-engine.ts. */
export const BLOCK = 64;

/** What is promised and was not kept. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** What is promised to whoever made a backup. `failed` and `deleted` ones are promised nothing. */
export interface Backup {
  readonly id: string;
  readonly disk: number;
  readonly content: Uint8Array;
  state: "running" | "sealed" | "failed" | "deleted";
}

export interface Result {
  readonly firstLeaf: number;
  readonly endLeaf: number;
  readonly payload: Uint8Array;
  readonly packs: readonly PackFacts[];
}

export interface Run {
  readonly id: string;
  readonly kind: "backup" | "restore" | "move";
  readonly pins: readonly string[];
  readonly backup?: Backup;
  readonly parent?: string;
  readonly hints?: string;
  readonly unitLeaves: number;
  open: boolean;
  /** Attempt → its result. */
  readonly published: Map<number, Result>;
  /** First leaf → the result that counts. */
  readonly confirmed: Map<number, Result>;
}

/** Rules that the model itself keeps; a test that breaks one must be found out. */
export interface Rules {
  /** A result is looked over again before it is confirmed. */
  readonly recheck: boolean;
  /** A root that an open run pins stays. */
  readonly pins: boolean;
  /** The verdict waits for the runs that were open at the condemnation. */
  readonly waits: boolean;
  /** The oracle asks for nothing but data: not how marks, confirmations and verdicts come about. */
  readonly onlyData: boolean;
}

export class World {
  readonly objects = new Map<string, Uint8Array>();
  readonly runs = new Map<string, Run>();
  readonly backups = new Map<string, Backup>();
  /** Rows: root → whether its backup failed (else somebody deleted it). */
  readonly intents = new Map<string, "failed" | "deleted">();
  readonly waits = new Map<number, readonly string[]>();
  /** Disk → the root that its next run compares with; used where `baselines`. */
  readonly baseline = new Map<number, string>();
  readonly disks: Uint8Array[] = [];
  lease: { holder: string; until: number } | undefined;
  fence = 0;
  clock = 1_800_000_000_000;
  ids = 0;
  /** Names per page of a listing. */
  page = 1000;
  /** Parents are baselines, which stay when their backup is deleted; else the newest backup that is not deleted. */
  baselines = false;
  /** Collectors do not even ask who holds the lease. */
  leaseless = false;

  // What the oracle has seen.
  onlyData = false;
  /** Avoid-set epoch → runs open just before it was put. */
  readonly openAt = new Map<number, readonly string[]>();
  readonly quarantined = new Set<string>();
  readonly rootsRead = new Map<string, Root>();
  readonly mapsRead = new Map<string, Relocations>();
  readonly avoidRead = new Map<string, AvoidSet>();
  /** Counts objects that were put or went away; what was read back since then need not be read again. */
  changedAt = 0;
  checkedAt = -1;
  trashedPacks = 0;
  epochs = 0;
  maps = 0;

  newId(): string {
    this.ids++;
    return `x${String(this.ids).padStart(4, "0")}`;
  }

  /** The world again, for another schedule: nobody may be at work. */
  copy(): World {
    const copy = new World();
    for (const key of ["objects", "intents", "waits", "baseline", "openAt", "rootsRead"] as const)
      for (const [name, value] of this[key]) (copy[key] as Map<unknown, unknown>).set(name, value);
    for (const [id, backup] of this.backups) copy.backups.set(id, { ...backup });
    for (const pack of this.quarantined) copy.quarantined.add(pack);
    copy.disks.push(...this.disks.map((disk) => Uint8Array.from(disk)));
    copy.lease = this.lease;
    copy.fence = this.fence;
    copy.clock = this.clock;
    copy.ids = this.ids;
    return copy;
  }

  openRuns(): readonly Run[] {
    return [...this.runs.values()].filter(({ open }) => open);
  }

  sealed(disk?: number): readonly Backup[] {
    return [...this.backups.values()].filter((b) => b.state === "sealed" && (disk === undefined || b.disk === disk));
  }

  namesOf(kind: string): readonly string[] {
    const prefix = `${DOMAIN.domainId}/${kind}/`;
    return [...this.objects.keys()].flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  }
}

export const resultOf = (firstLeaf: number, endLeaf: number, payload: Uint8Array): Result => ({
  firstLeaf,
  endLeaf,
  payload,
  packs: decodePayload(payload).packs,
});

/** The store as one actor has it: it waits for its turn before each call. Without an actor: at once. */
export function storeOf(world: World, actor?: Actor): ObjectStore {
  const { objects } = world;
  return {
    async putIfAbsent(name, bytes) {
      const turn = actor?.turn();
      if (turn !== undefined) await turn;
      if (objects.has(name)) return "exists";
      if (name.startsWith("d/avoid/")) {
        world.epochs++;
        world.openAt.set(
          Number(name.slice(-10)),
          world.openRuns().map(({ id }) => id),
        );
      }
      if (name.startsWith("d/maps/")) world.maps++;
      world.changedAt++;
      objects.set(name, Uint8Array.from(bytes));
      return "created";
    },
    async get(name, range) {
      const turn = actor?.turn();
      if (turn !== undefined) await turn;
      const bytes = objects.get(name);
      if (bytes === undefined) throw new ObjectMissing(name);
      if (range === undefined) return bytes.slice();
      const end = range.offset + range.length;
      if (end > bytes.length) throw new RangeUnavailable(`${name} has ${bytes.length} bytes, asked up to ${end}`);
      return bytes.slice(range.offset, end);
    },
    async size(name) {
      const turn = actor?.turn();
      if (turn !== undefined) await turn;
      return objects.get(name)?.length;
    },
    // As S3 lists: page by page, each as the names are then.
    async *list(prefix) {
      let after = "";
      for (;;) {
        const turn = actor?.turn();
        if (turn !== undefined) await turn;
        const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
        const page: ListedObject[] = names
          .slice(0, world.page)
          .map((name) => ({ name, size: objects.get(name)?.length ?? 0 }));
        yield* page;
        after = page.at(-1)?.name ?? "";
        if (names.length <= world.page) return;
      }
    },
    async trash(name) {
      const turn = actor?.turn();
      if (turn !== undefined) await turn;
      world.changedAt++;
      if (objects.delete(name) && name.startsWith("d/packs/")) world.trashedPacks++;
    },
  };
}
