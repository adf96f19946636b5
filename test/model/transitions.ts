/** Which states may follow which (cbr-behaviour 23.2), and a watch on every write that holds the service to it. */
import type { JsonObject, Write } from "../../core/ports/record-store.ts";

/** `none`: the row does not exist. What is marked ours is not in 23.2, for it knows neither a trash nor a ledger. */
const EDGES = {
  vault: {
    none: ["available"],
    available: ["frozen", "deleting", "error"],
    frozen: ["available", "deleting", "error"],
    deleting: ["none", "error"],
    error: ["deleting"],
  },
  backup: {
    // Ours: a backup comes back from the trash.
    none: ["protecting", "available"],
    protecting: ["available", "error"],
    available: ["restoring", "deleting"],
    restoring: ["available"],
    deleting: ["none", "error"],
    error: ["deleting"],
  },
  // A checkpoint is folded from its members, so these are its transitions as well.
  member: {
    none: ["protecting"],
    protecting: ["available", "error"],
    available: ["deleted"],
    // Ours: a failed one that is deleted stays known as that, and does not come back.
    error: ["dropped"],
    // Ours, as above.
    deleted: ["available"],
    dropped: [],
  },
  binding: {
    // A resource that moves between vaults leaves one and comes to the other in one transaction.
    none: ["available", "migrating"],
    available: ["protecting", "restoring", "removing", "none"],
    protecting: ["available", "error"],
    restoring: ["available", "error"],
    removing: ["none", "error"],
    migrating: ["available", "error"],
    error: ["protecting", "restoring", "removing", "none"],
  },
  task: {
    // Nothing waits here (CCY-01); a scheduled run that cannot be is recorded as skipped.
    none: ["running", "skipped"],
    running: ["success", "failed", "timeout"],
    success: [],
    failed: [],
    timeout: [],
    skipped: [],
  },
  // Ours: the ledger of expected runs. A point that nobody saw has no row before it is missed.
  run: {
    none: ["expected", "started", "missed", "skipped"],
    // None: the policy was changed before the point came.
    expected: ["started", "missed", "skipped", "none"],
    started: ["done", "failed"],
    done: [],
    failed: [],
    missed: [],
    skipped: [],
  },
  // Ours.
  trash: { none: ["trashed"], trashed: ["none", "purged"], purged: [] },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

type Kind = keyof typeof EDGES;

/** Which row has which state: by its place in the table (docs/developer/records.md). */
function stateOf(
  pk: string,
  sk: string,
  body: JsonObject,
): { readonly kind: Kind; readonly state: string } | undefined {
  const is = (kind: Kind, state: unknown) => (typeof state === "string" ? { kind, state } : undefined);
  switch (pk.slice(0, pk.indexOf("#"))) {
    case "V":
      return sk === "A" ? is("vault", body.status) : sk.startsWith("R#") ? is("binding", body.status) : undefined;
    case "B":
      return sk === "A" ? is("backup", body.status) : sk === "T" ? is("trash", body.state) : undefined;
    case "K":
      return sk.startsWith("M#") ? is("member", body.status) : undefined;
    case "T":
      return sk === "A" ? is("task", body.status) : undefined;
    case "L":
      return is("run", body.state);
    default:
      return undefined;
  }
}

interface Known {
  readonly kind: Kind;
  readonly state: string;
  readonly body: JsonObject;
}

export interface Watch {
  /** To be called with what was committed, in that order. */
  readonly observe: (writes: readonly Write[]) => void;
  /** Illegal steps since the last call, in words. */
  problems(): readonly string[];
  /** How often each step was taken: `backup protecting → available`. */
  readonly taken: ReadonlyMap<string, number>;
}

/** A watch over a table that is empty now. */
export function watchTransitions(): Watch {
  const rows = new Map<string, Known>();
  const fences = new Map<string, number>();
  const taken = new Map<string, number>();
  let problems: string[] = [];

  function step(place: string, kind: Kind, from: string, to: string, lawful: boolean): void {
    if (from === to) return;
    const name = `${kind} ${from} → ${to}`;
    taken.set(name, (taken.get(name) ?? 0) + 1);
    if (!lawful) problems.push(`illegal transition: ${place}: ${name}`);
  }
  const allowed = (kind: Kind, from: string, to: string): boolean => {
    const edges: Readonly<Record<string, readonly string[]>> = EDGES[kind];
    return edges[from]?.includes(to) === true;
  };

  /** The rest of a resource's or vault's removal takes backups as they are: their resource says `removing` meanwhile. */
  const leavesWithResource = ({ body }: Known): boolean =>
    rows.get(`V#${String(body.vaultId)} R#${String(body.resourceId)}`)?.state === "removing";
  /** A binding leaves an unmarked resource only by moving to another vault: there it is again, in the same transaction. */
  const movesOn = (resourceId: string, writes: readonly Write[]): boolean =>
    writes.some((w) => w.op === "put" && w.item.sk === `R#${resourceId}` && w.item.body.status === "migrating");

  function gone(place: string, was: Known, writes: readonly Write[]): void {
    const { kind, state } = was;
    const fits =
      kind === "backup" && state !== "deleting"
        ? leavesWithResource(was)
        : kind === "binding" && state !== "removing"
          ? movesOn(String(was.body.resourceId), writes)
          : allowed(kind, state, "none");
    step(place, kind, state, "none", fits);
  }

  /** What is written under a lease carries its number, which only grows: otherwise a dead holder would be believed. */
  function fence(place: string, { resourceId, fence: number }: JsonObject): void {
    const before = fences.get(String(resourceId)) ?? 0;
    // A resource that is bound anew begins anew.
    if (Number(number) < before && Number(number) !== 0)
      problems.push(`illegal transition: ${place}: fence ${before} → ${String(number)}`);
    fences.set(String(resourceId), Number(number));
  }

  return {
    taken,
    observe(writes) {
      // Decided on the state before the transaction, then applied.
      const after: (() => void)[] = [];
      for (const write of writes) {
        if (write.op === "check" || write.op === "add") continue;
        const { pk, sk } = write.op === "put" ? write.item : write.key;
        const place = `${pk} ${sk}`;
        const was = rows.get(place);
        if (write.op === "delete") {
          if (was !== undefined) gone(place, was, writes);
          after.push(() => void rows.delete(place));
          continue;
        }
        const is = stateOf(pk, sk, write.item.body);
        if (is === undefined) continue;
        const from = was?.state ?? "none";
        step(place, is.kind, from, is.state, allowed(is.kind, from, is.state));
        if (is.kind === "binding") fence(place, write.item.body);
        after.push(() => void rows.set(place, { ...is, body: write.item.body }));
      }
      for (const apply of after) apply();
    },
    problems() {
      const told = problems;
      problems = [];
      return told;
    },
  };
}
