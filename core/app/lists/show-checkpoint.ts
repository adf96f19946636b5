/** One checkpoint (restore point) with the resources that it holds a backup of, and those that it skipped. */
import { fault } from "../../domain/fault.ts";
import { type BindingStatus, checkpointStatus } from "../../domain/statuses.ts";
import { type Checkpoint, Member, Skipped } from "../records/entities.ts";
import { checkpointKey, MEMBERS, SKIPPED } from "../records/keys.ts";
import { checkpoints, listAll, load } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { findVault } from "../vaults/show-vault.ts";

export interface ShownMember {
  readonly resourceId: string;
  readonly resourceType: string;
  readonly name: string;
  readonly status: BindingStatus;
  /** Bytes. */
  readonly size: number;
  /** Of all backups of the resource in the vault, in bytes; 0 once it left the vault. */
  readonly used: number;
  readonly backups: number;
}

export interface ShownCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly status: "protecting" | "available" | "error";
  readonly members: readonly ShownMember[];
  readonly skipped: readonly Skipped[];
}

/** @throws Fault 6217, also once its last backup was deleted (DEL-07) */
export async function showCheckpoint(s: Services, projectId: string, checkpointId: string): Promise<ShownCheckpoint> {
  const checkpoint = await load(s.records, checkpoints, checkpointKey(checkpointId));
  if (checkpoint === undefined || checkpoint.projectId !== projectId) return gone(checkpointId);
  const { pk } = checkpointKey(checkpointId);
  const members = await listAll(s.records, Member, pk, MEMBERS);
  if (members.every(isGone)) return gone(checkpointId);
  return shownCheckpoint(s, checkpoint, members, await listAll(s.records, Skipped, pk, SKIPPED));
}

/** The same from rows at hand: what a run that was just started looks like. */
export async function shownCheckpoint(
  s: Services,
  checkpoint: Checkpoint,
  members: readonly Member[],
  skipped: readonly Skipped[],
): Promise<ShownCheckpoint> {
  const vault = await findVault(s, checkpoint.projectId, checkpoint.vaultId);
  const bound = new Map(vault?.bindings.map((b) => [b.resourceId, b]));
  return {
    checkpoint,
    status: checkpointStatus(members.map((m) => m.status)),
    members: members.flatMap((m): ShownMember[] => {
      const { resourceId, resourceType, name, status, size } = m;
      if (status === "deleted" || status === "dropped") return [];
      const { used = 0, backups = 0 } = bound.get(resourceId) ?? {};
      return [{ resourceId, resourceType, name, status, size, used, backups }];
    }),
    skipped,
  };
}

/** Its backup was deleted. */
const isGone = ({ status }: Member): boolean => status === "deleted" || status === "dropped";

const gone = (id: string): never => fault("6217", `checkpoint ${id} does not exist`);
