/** The API's protectability operations (cbr-api #49, #50). */
import { listProtectables as list, showProtectable as show } from "../../core/app/lists/protectables.ts";
import type { Services } from "../../core/app/services.ts";
import { badField, fault } from "../../core/domain/fault.ts";
import { integerOf, pageOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { protectableView } from "./views/protectable.ts";

const MAX_ROWS = 50;
/** Kinds that the contract knows and no host has yet. */
const ABSENT = ["turbo", "workspace", "workspace_v2"];

/** @throws Fault 9900 for a type that the contract does not know */
function kindOf({ path }: ApiRequest): "server" | "disk" | undefined {
  const type = path.protectable_type ?? "";
  if (type === "server" || type === "disk") return type;
  return ABSENT.includes(type)
    ? undefined
    : badField("protectable_type", `must be server, disk, ${ABSENT.join(", ")}, not "${type}"`);
}

/** The contract gives this list no total (cbr-api 2.6). */
export const listProtectables: Handler<Services> = async (request, services) => {
  const { query, projectId } = request;
  const kind = kindOf(request);
  const limit = integerOf(query, "limit", 1, MAX_ROWS) ?? MAX_ROWS;
  const { offset, marker } = pageOf(query);
  if (kind === undefined) return { status: 200, body: { instances: [] } };
  const filter = {
    kind,
    id: query.get("id"),
    name: query.get("name"),
    status: query.get("status"),
    serverId: query.get("server_id"),
  };
  const rows = await list(services, projectId, filter, { limit, offset, marker });
  return { status: 200, body: { instances: rows.map(protectableView) } };
};

export const showProtectable: Handler<Services> = async (request, services) => {
  const id = request.path.instance_id ?? "";
  const kind = kindOf(request) ?? fault("6302", `there are no resources of this type here`);
  return { status: 200, body: { instance: protectableView(await show(services, request.projectId, kind, id)) } };
};
