/** Use cases: domains and the projects in them. None is deleted: backups belong to a project for as long as they live. */
import { toItem } from "../../records/record.ts";
import { changeDirectory } from "../change-directory.ts";
import { type Directory, readDirectory } from "../directory.ts";
import { domainKey, type Project, projectKey } from "../records.ts";
import { bootOf, checkFree, domainOf } from "./look-up.ts";
import type { AdminResult } from "./orders.ts";
import { type AdminServices, hexId } from "./services.ts";

/** @throws AdminRefused when the name is taken */
export function createDomain(services: AdminServices, name: string): Promise<AdminResult> {
  const domain = { id: hexId(services), name };
  return changeDirectory(services.records, (directory) => {
    bootOf(directory);
    checkFree("domain", name, directory.domains);
    const item = toItem({ key: domainKey(domain.id) }, domain, 0);
    return { writes: [{ op: "put", item, if: "absent" }], result: domain };
  });
}

export async function listDomains({ records }: AdminServices): Promise<AdminResult> {
  const directory = await readDirectory(records);
  return directory.domains.map(({ id, name }) => ({ id, name, first: id === directory.boot?.domainId }));
}

/** @throws AdminRefused when the domain is unknown, or has a project of this name */
export function createProject(
  services: AdminServices,
  order: { readonly name: string; readonly domain?: string | undefined },
): Promise<AdminResult> {
  const id = hexId(services);
  return changeDirectory(services.records, (directory) => {
    const domain = domainOf(directory, order.domain);
    checkFree("project", order.name, projectsIn(directory, domain.id));
    const project = { id, name: order.name, domainId: domain.id };
    const item = toItem({ key: projectKey(id) }, project, 0);
    return { writes: [{ op: "put", item, if: "absent" }], result: projectView(project, domain.name) };
  });
}

/** Projects of one domain, or of all. @throws AdminRefused when the domain is unknown */
export async function listProjects({ records }: AdminServices, named: string | undefined): Promise<AdminResult> {
  const directory = await readDirectory(records);
  const domains = named === undefined ? directory.domains : [domainOf(directory, named)];
  return domains.flatMap(({ id, name }) => projectsIn(directory, id).map((project) => projectView(project, name)));
}

const projectsIn = ({ projects }: Directory, id: string): readonly Project[] =>
  projects.filter(({ domainId }) => domainId === id);

const projectView = ({ id, name, domainId }: Project, domain: string) => ({
  id,
  name,
  domain_id: domainId,
  domain_name: domain,
});
