/** The API's sharing operations (cbr-api #42–#46): offers are judged and refused, so no backup has a member. */
import { showBackup } from "../../core/app/lists/show-backup.ts";
import type { Services } from "../../core/app/services.ts";
import { shareBackup } from "../../core/app/sharing/share-backup.ts";
import { loadVault } from "../../core/app/vaults/load-vault.ts";
import { fault } from "../../core/domain/fault.ts";
import { parseBody } from "./kit/fields.ts";
import { pageOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { addMembersBody, updateMemberBody } from "./schemas/members.ts";

const backupId = ({ path }: ApiRequest): string => path.backup_id ?? "";
const noMember = ({ path }: ApiRequest): never =>
  fault("6705", `backup ${path.backup_id} is not shared with project ${path.member_id}`);

export const addMembers: Handler<Services> = async (request, services) =>
  shareBackup(services, request.caller, backupId(request), parseBody(addMembersBody, request.body));

export const listMembers: Handler<Services> = async (request, services) => {
  pageOf(request.query);
  await showBackup(services, request.projectId, backupId(request));
  return { status: 200, body: { members: [], count: 0 } };
};

export const showMember: Handler<Services> = async (request, services) => {
  await showBackup(services, request.projectId, backupId(request));
  return noMember(request);
};

/** Called by the recipient, to whom a backup that is not shared does not exist: the member is what is missing. */
export const updateMember: Handler<Services> = async (request, services) => {
  const { vaultId } = parseBody(updateMemberBody, request.body);
  if (vaultId !== undefined) await loadVault(services.records, request.projectId, vaultId);
  return noMember(request);
};

export const deleteMember: Handler<Services> = showMember;
