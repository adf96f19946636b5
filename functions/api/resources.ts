/** Registering disks and servers of this host: an extension of ours, for hosts that have an inventory. */
import { holderOf } from "../../core/app/lists/holder.ts";
import type { Services } from "../../core/app/services.ts";
import { badField, fault } from "../../core/domain/fault.ts";
import { isResourceRefusal, type ResourceInventory } from "../../core/ports/resource-inventory.ts";
import type { Resource } from "../../core/ports/resource-provider.ts";
import { parseBody } from "./kit/fields.ts";
import type { ApiResponse, Handler } from "./kit/request.ts";
import { refusal } from "./kit/wire-errors.ts";
import { addResourceBody } from "./schemas/resources.ts";
import { resourceView } from "./views/resource.ts";

/** What these operations need of the host besides everything else. */
export type HostServices = Services & { readonly inventory?: ResourceInventory };

const noInventory = (): ApiResponse =>
  refusal(501, "BackupService.9910", "this host has no inventory of its own: its resources are those of the cloud");

const ROWS_AT_ONCE = 100;

async function everyOne(services: Services, kind: "disk" | "server"): Promise<Resource[]> {
  const all: Resource[] = [];
  for (;;) {
    const after = all.at(-1)?.id;
    const page = await services.resources.list(kind, { limit: ROWS_AT_ONCE, ...(after !== undefined && { after }) });
    all.push(...page);
    if (page.length < ROWS_AT_ONCE) return all;
  }
}

/** A refused registration is a bad field of the request. */
function refused(error: unknown, wireName: (field: string) => string): never {
  if (!isResourceRefusal(error)) throw error;
  return badField(wireName(error.field), error.message.replace(`${error.field}: `, ""));
}

export const addResource: Handler<HostServices> = async ({ body }, services) => {
  const { inventory } = services;
  if (inventory === undefined) return noInventory();
  const asked = parseBody(addResourceBody, body);
  const added =
    asked.kind === "disk"
      ? inventory.addDisk({ ...asked, system: asked.system ?? false, forceRaw: asked.force_raw ?? false })
      : inventory.addServer({ name: asked.name, diskIds: asked.disk_ids });
  const { id } = await added.catch((error: unknown) =>
    refused(error, (field) => `resource.${field === "diskIds" ? "disk_ids" : field}`),
  );
  const resource = await services.resources.find(id);
  return { status: 200, body: { resource: resourceView(resource ?? fault("6302", `resource ${id} is gone again`)) } };
};

export const listResources: Handler<HostServices> = async (_request, services) => {
  if (services.inventory === undefined) return noInventory();
  const all = [...(await everyOne(services, "server")), ...(await everyOne(services, "disk"))];
  return { status: 200, body: { resources: all.map(resourceView), count: all.length } };
};

export const removeResource: Handler<HostServices> = async ({ projectId, path }, services) => {
  const { inventory } = services;
  if (inventory === undefined) return noInventory();
  const id = path.resource_id ?? "";
  const known = await services.resources.find(id);
  if (known === undefined) fault("6302", `resource ${id} does not exist`);
  await inventory
    .remove(id, { isProtected: (one) => holderOf(services, projectId, one) })
    .catch((error: unknown) => refused(error, () => "resource_id"));
  return { status: 204 };
};
