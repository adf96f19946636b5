/** The API's account-level look-ups of projects and domains (cbr-api #73–#75). */
import { readDirectory } from "../../core/app/identity/directory.ts";
import { IdentityFailure } from "../../core/app/identity/principal.ts";
import type { Services } from "../../core/app/services.ts";
import { ownProjects } from "./identity-caller.ts";
import { projectView } from "./identity-views.ts";
import type { Handler } from "./kit/request.ts";

type DomainServices = Pick<Services, "records">;

/** The caller's projects. There is one region, so none is left out. */
export const listRegionProjects: Handler<DomainServices> = async (request, services) => {
  const { projects } = await ownProjects(request, services);
  const rows = projects.map((project) => projectView(project, request.url));
  return { status: 200, body: { projects: rows, links: { self: `${request.url}/v3/region-projects` } } };
};

/** Of any domain whose exact name is known: who shares a backup looks up the receiver's projects by it. */
export const listDomainProjects: Handler<DomainServices> = async ({ path }, { records }) => {
  const { domains, projects } = await readDirectory(records);
  const domain = domains.find(({ name }) => name === path.domain_name);
  if (domain === undefined) throw new IdentityFailure("not-found", `there is no domain ${path.domain_name}`);
  const own = projects.filter(({ domainId }) => domainId === domain.id);
  return { status: 200, body: { projects: own.map(({ id, name }) => ({ project_id: id, project_name: name })) } };
};

/** Of any project whose id is known: who was given a shared backup sees from whom it is. */
export const showDomain: Handler<DomainServices> = async ({ path }, { records }) => {
  const { domains, projects } = await readDirectory(records);
  const project = projects.find(({ id }) => id === path.source_project_id);
  const domain = domains.find(({ id }) => id === project?.domainId);
  if (project === undefined || domain === undefined)
    throw new IdentityFailure("not-found", `there is no project ${path.source_project_id}`);
  const shown = { domain_id: domain.id, domain_name: domain.name, project_id: project.id, project_name: project.name };
  return { status: 200, body: shown };
};
