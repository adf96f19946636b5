/** Each request that changes something leaves a trace, whatever becomes of it: written before the change, completed after it. */
import { beginTrace, endTrace, type TraceEnd } from "../../core/app/audit/record-trace.ts";
import { IdentityFailure } from "../../core/app/identity/principal.ts";
import { backupKey, vaultKey } from "../../core/app/records/keys.ts";
import type { Services } from "../../core/app/services.ts";
import type { AuditEvent } from "../../core/domain/audit-events.ts";
import { Fault } from "../../core/domain/fault.ts";
import type { ApiRequest, ApiResponse, Handler } from "./kit/request.ts";
import { faultAnswer, gatewayAnswer } from "./kit/wire-errors.ts";

/** Longer than any id and name of the contract; what a client sends in their place is not kept whole. */
const LONGEST = 255;

/** The same handler, traced. @throws what the handler throws; what the store throws, before anything has changed */
export const traced =
  ({ resourceType, name: event }: AuditEvent, handler: Handler<Services>): Handler<Services> =>
  async (request, services) => {
    const id = namedId(request);
    const projectId = scopeOf(request);
    const [open, name] = await Promise.all([
      beginTrace(services, {
        projectId,
        event,
        kind: "ApiCall",
        resource: { type: resourceType, id },
        user: userOf(request),
        requestId: request.requestId,
        sourceIp: request.sourceIp.slice(0, LONGEST),
      }),
      nameOf(services, projectId, resourceType, id),
    ]);
    try {
      const answer = await handler(request, services);
      await endTrace(services, open, endOf(answer, name));
      return answer;
    } catch (error) {
      await endTrace(services, open, { ...refused(error), resource: { name } });
      throw error;
    }
  };

/** Requests that concern a whole account stand with the project of theirs that the body names, their first one, or the account. */
function scopeOf({ projectId, principal, body }: ApiRequest): string {
  const named = principal?.projectIds.find((id) => id === memberOf(body, "project_id"));
  return projectId || (named ?? principal?.projectIds[0] ?? principal?.domainId ?? "");
}

function userOf({ principal }: ApiRequest) {
  if (principal === undefined) return undefined;
  const { userId, userName, domainId, domainName } = principal;
  return { id: userId, name: userName, domainId, domainName };
}

const IDS = ["vault_id", "backup_id", "policy_id", "organization_policy_id", "agent_id", "resource_id", "order_id"];

/** The id that the path names, or the vault that the body does; a neighbour service calls that a resource. */
function namedId({ path, body }: ApiRequest): string | undefined {
  const inPath = IDS.map((name) => path[name]).find((id) => id !== undefined);
  const named = memberOf(onlyMember(body), "vault_id");
  const moved = memberOf(body, "resource_type") === "vault" ? memberOf(body, "resource_id") : undefined;
  return inPath ?? textOf(named ?? moved);
}

/** What a deletion takes away has no name afterwards. Another project's name is not told. */
async function nameOf(
  s: Services,
  projectId: string,
  type: string,
  id: string | undefined,
): Promise<string | undefined> {
  if (id === undefined || (type !== "vault" && type !== "backup")) return undefined;
  const item = await s.records.get(type === "vault" ? vaultKey(id) : backupKey(id));
  return item?.body.projectId === projectId ? textOf(item.body.name) : undefined;
}

function endOf({ status, body }: ApiResponse, name: string | undefined): TraceEnd {
  const code = textOf(memberOf(body, "error_code"));
  if (status >= 400) return { outcome: "refused", status, ...(code !== undefined && { code }), resource: { name } };
  const shown = onlyMember(body);
  // A checkpoint's resource is the vault that was backed up.
  const made = memberOf(shown, "vault") ?? shown;
  return {
    outcome: "success",
    status,
    resource: {
      id: textOf(memberOf(made, "id") ?? memberOf(made, "agent_id")),
      name: textOf(memberOf(made, "name") ?? memberOf(made, "host_name")) ?? name,
    },
  };
}

function refused(error: unknown): TraceEnd {
  const answer =
    error instanceof Fault ? faultAnswer(error) : error instanceof IdentityFailure ? gatewayAnswer(error) : undefined;
  if (answer === undefined) return { outcome: "failed", status: 500, code: "BackupService.9910" };
  return { outcome: "refused", status: answer.status, code: textOf(memberOf(answer.body, "error_code")) };
}

/** `{"vault": …}` → what is in it; bodies without such a wrapper are taken as they are. */
function onlyMember(body: unknown): unknown {
  const members = typeof body === "object" && body !== null ? Object.values(body) : [];
  const [first] = members;
  return members.length === 1 && typeof first === "object" && first !== null ? first : body;
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value.slice(0, LONGEST) : undefined;
