/** What is recorded of one member of a run: its backup, its task, its row in the checkpoint, and the lease of its resource. */
import { next, RESOURCE } from "../../domain/state-machines.ts";
import type { Instant } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Backup, Binding, Checkpoint, Member, Task, Vault } from "../records/entities.ts";
import type { Versioned } from "../records/record.ts";
import { backups, bindings, insert, putMember, replace, tasks } from "../records/tables.ts";
import { defaultDomain } from "../repository/keyring.ts";
import type { Caller, Services } from "../services.ts";
import type { Chosen } from "./choose-members.ts";

/** A member and the four writes that record it; the first one leases its resource. */
export interface Draft {
  readonly member: Member;
  readonly writes: readonly Write[];
  readonly binding: Binding;
  readonly lease: Leasing;
}

/** One member of the run and the writes that record it; `full`: it is read as a whole. */
export function draftMember(
  s: Services,
  caller: Caller,
  vault: Vault,
  checkpoint: Checkpoint,
  c: Chosen & {
    readonly full: boolean;
    readonly expiredAt: Instant | undefined;
    readonly policyId: string | undefined;
  },
  name: string,
): Draft {
  const { binding, resource } = c;
  const size = resource.kind === "disk" ? resource.size : resource.disks.reduce((sum, d) => sum + d.size, 0);
  const backup: Backup = {
    schema: 1,
    id: s.newId(),
    projectId: caller.projectId,
    vaultId: vault.id,
    checkpointId: checkpoint.id,
    taskId: s.newId(),
    resourceId: binding.resourceId,
    resourceType: binding.resourceType,
    resourceName: resource.name,
    resourceSize: size,
    name,
    description: checkpoint.description,
    status: "protecting",
    incremental: !c.full,
    autoTrigger: checkpoint.autoTrigger,
    domainId: defaultDomain(caller.projectId),
    enterpriseProjectId: vault.enterpriseProjectId,
    createdAt: checkpoint.createdAt,
    updatedAt: checkpoint.createdAt,
    ...(c.expiredAt !== undefined && { expiredAt: c.expiredAt }),
  };
  const about = { id: binding.resourceId, type: binding.resourceType, name: resource.name };
  const task: Task = {
    schema: 1,
    id: backup.taskId,
    projectId: caller.projectId,
    type: "backup",
    status: "running",
    requestId: caller.requestId,
    vaultId: vault.id,
    vaultName: vault.name,
    enterpriseProjectId: vault.enterpriseProjectId,
    checkpointId: checkpoint.id,
    ...(c.policyId !== undefined && { policyId: c.policyId }),
    resource: about,
    backup: { id: backup.id, name },
    createdAt: checkpoint.createdAt,
    startedAt: checkpoint.createdAt,
    updatedAt: checkpoint.createdAt,
  };
  const member: Member = {
    schema: 1,
    resourceId: binding.resourceId,
    resourceType: binding.resourceType,
    name: resource.name,
    size,
    backupId: backup.id,
    taskId: task.id,
    status: "protecting",
    ...(c.extraInfo !== undefined && { extraInfo: c.extraInfo }),
  };
  // Points, not starts: a run that starts a minute earlier than yesterday's is a day later all the same.
  const at = checkpoint.scheduled?.nominal ?? checkpoint.createdAt;
  const lease = { member, full: c.full, automatic: checkpoint.autoTrigger, at };
  return {
    member,
    binding,
    lease,
    writes: [
      replace(bindings, leased(binding, lease)),
      insert(backups, backup),
      insert(tasks, task),
      putMember(checkpoint.id, member),
    ],
  };
}

/** What a lease is for; `at`: the point of the policy, or when the run was asked for. */
export interface Leasing {
  readonly member: Member;
  readonly full: boolean;
  readonly automatic: boolean;
  readonly at: Instant;
}

/** What a resource's binding remembers of full backups. */
export const fullness = ({ sinceFull, fullAt }: Binding) => ({ sinceFull: sinceFull ?? 0, fullAt });

/** The binding as it is while the member's backup runs. */
export function leased(binding: Versioned<Binding>, { member, full, automatic, at }: Leasing): Versioned<Binding> {
  // What was never backed up is read as a whole, whatever was asked (BKP-30).
  const whole = full || Object.keys(binding.baselines).length === 0;
  return {
    ...binding,
    name: member.name,
    size: member.size,
    status: next(RESOURCE, binding.status, "backup"),
    lease: { holder: member.backupId, kind: "backup" },
    fence: binding.fence + 1,
    backups: binding.backups + 1,
    sinceFull: whole ? 0 : fullness(binding).sinceFull + (automatic ? 1 : 0),
    ...(whole && { fullAt: at }),
  };
}
