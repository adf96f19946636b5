/** What was acknowledged: what was made is there, what was deleted stays away, and a task that succeeded has its effect. */
import { type Contents, contentsOf, sameContents } from "./disks.ts";
import type { Row, Rows } from "./rows.ts";

/** What the world knows beside the records. */
interface Seen {
  readonly captured: ReadonlyMap<string, Contents>;
  readonly bytes: ReadonlyMap<string, Uint8Array>;
}

export interface Promises {
  /** It was answered that this is there: a vault or policy by its id, a resource by `<vault>/<resource>`. */
  made(id: string): void;
  /** Somebody asks for its removal: a vault, policy or backup, or a resource as above. @returns takes it back: he was refused */
  mayGo(id: string): () => void;
  /** Somebody asks for this backup back. @returns as above */
  mayReturn(id: string): () => void;
  /** Somebody else than a restore wrote to the disk. */
  wrote(diskId: string): void;
  /** Broken promises, in words; `settled` = nothing runs. */
  problems(rows: Rows, seen: Seen, settled: boolean): string[];
  /** Tasks that have ended, by type and status. */
  readonly ended: ReadonlyMap<string, number>;
}

/** Nothing was promised yet. */
export function openPromises(): Promises {
  const made = new Set<string>();
  const mayGo = new Set<string>();
  const mayReturn = new Set<string>();
  const there = new Set<string>();
  const gone = new Set<string>();
  const judged = new Set<string>();
  const ended = new Map<string, number>();
  /** Disks that were written to since their restore was asked for. */
  const written = new Map<string, number>();
  const restoreSeen = new Map<string, number>();
  let step = 0;

  /** A backup, with all that may take it along. */
  const mayVanish = (rows: Rows, backup: Known): boolean =>
    [backup.id, backup.vaultId, `${backup.vaultId}/${backup.resourceId}`].some((id) => mayGo.has(id)) ||
    rows.tasks.some(
      ({ body }) =>
        body.type === "delete" && body.backup?.id === backup.id && String(body.requestId).startsWith("retention-"),
    );
  const backups = new Map<string, Known>();

  function look(rows: Rows, problems: string[]): void {
    const now = new Set<string>();
    for (const { body } of rows.vaults) now.add(body.id);
    for (const { body } of rows.policies) if (body.deleted !== true) now.add(body.id);
    for (const { body } of rows.bindings) now.add(`${body.vaultId}/${body.resourceId}`);
    for (const { body } of rows.backups) {
      now.add(body.id);
      backups.set(body.id, { id: body.id, vaultId: body.vaultId, resourceId: body.resourceId });
    }
    for (const id of made)
      if (!now.has(id) && !mayLeave(rows, id)) problems.push(`${id} was acknowledged, and is not there`);
    made.clear();
    for (const id of there)
      if (!now.has(id)) {
        if (!mayLeave(rows, id)) problems.push(`${id} is gone, and nobody asked for that`);
        gone.add(id);
        there.delete(id);
      }
    for (const id of now) {
      // A resource may be bound again, and a backup asked back.
      if (gone.has(id) && !id.includes("/") && !mayReturn.has(id)) problems.push(`${id} was gone, and is there again`);
      gone.delete(id);
      there.add(id);
    }
  }

  function mayLeave(rows: Rows, id: string): boolean {
    const backup = backups.get(id);
    if (backup !== undefined) return mayVanish(rows, backup);
    return mayGo.has(id) || mayGo.has(id.split("/")[0] ?? "");
  }

  /** @returns what is wrong with the effect of a task that says it succeeded */
  function effectOf({ body: task }: Row, rows: Rows, { captured, bytes }: Seen): string | undefined {
    const backup = rows.backups.find(({ body }) => body.id === task.backup?.id)?.body;
    const bound = (vaultId: string) =>
      rows.bindings.find(({ body }) => body.vaultId === vaultId && body.resourceId === task.resource?.id)?.body;
    switch (task.type) {
      case "backup":
      case "undelete": {
        if (backup !== undefined)
          return backup.status === "error" && backup.leaving === undefined ? "is in error" : undefined;
        // Made and gone between two looks: a rule may do that.
        const known = { id: task.backup.id, vaultId: task.vaultId, resourceId: task.resource.id };
        return mayVanish(rows, backups.get(known.id) ?? known) ? undefined : "made no backup";
      }
      case "delete":
        return backup === undefined || mayReturn.has(backup.id) ? undefined : `left the backup ${backup.status}`;
      case "vault_delete": {
        const left = [...rows.vaults, ...rows.bindings, ...rows.backups].filter(
          ({ body }) => body.vaultId === task.vaultId || body.id === task.vaultId,
        );
        return left.length === 0 ? undefined : `left ${left.length} rows of the vault`;
      }
      case "remove_resource": {
        const again = bound(task.vaultId);
        return again === undefined || again.boundAt >= task.createdAt ? undefined : "left the resource bound";
      }
      case "migrate_resource":
        return bound(task.target.id) !== undefined || mayLeave(rows, `${task.target.id}/${task.resource.id}`)
          ? undefined
          : "did not bring the resource";
      case "restore": {
        for (const { body: part } of rows.parts) {
          const content = captured.get(`${task.backup.id} ${part.diskId}`);
          const disk = bytes.get(part.diskId);
          if (part.backupId !== task.backup.id || content === undefined || disk === undefined) continue;
          if ((written.get(part.diskId) ?? -1) >= (restoreSeen.get(task.id) ?? step)) continue;
          if (!sameContents(contentsOf(disk), content)) return `disk ${part.diskId} does not hold what was backed up`;
        }
        return undefined;
      }
      default:
        return `has an unknown type ${task.type}`;
    }
  }

  return {
    ended,
    made: (id) => void made.add(id),
    mayGo: (id) => allow(mayGo, id),
    mayReturn: (id) => allow(mayReturn, id),
    wrote: (diskId) => void written.set(diskId, step),
    problems(rows, seen, settled) {
      const problems: string[] = [];
      look(rows, problems);
      for (const row of rows.tasks) {
        const { id, type, status } = row.body;
        if (status === "running" && type === "restore" && !restoreSeen.has(id)) restoreSeen.set(id, step);
        // Effects are judged when nothing else is under way.
        if (status === "running" || judged.has(id) || !settled) continue;
        judged.add(id);
        ended.set(`${type} ${status}`, (ended.get(`${type} ${status}`) ?? 0) + 1);
        const wrong = status === "success" ? effectOf(row, rows, seen) : undefined;
        if (wrong !== undefined) problems.push(`task ${id} (${type}) succeeded, but ${wrong}`);
        if (status !== "success" && status !== "skipped" && row.body.error === undefined)
          problems.push(`task ${id} (${type}) is ${status} without a reason`);
        if (type === "restore")
          for (const { body } of rows.parts) if (body.backupId === row.body.backup?.id) written.set(body.diskId, step);
      }
      step++;
      return problems;
    },
  };
}

function allow(set: Set<string>, id: string): () => void {
  const already = set.has(id);
  set.add(id);
  return () => {
    if (!already) set.delete(id);
  };
}

interface Known {
  readonly id: string;
  readonly vaultId: string;
  readonly resourceId: string;
}
