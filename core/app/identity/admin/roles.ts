/** Use cases: which roles a user has in which project of its domain (PRM-01). */
import type { RoleName } from "../../../domain/roles.ts";
import { toItem } from "../../records/record.ts";
import { changeDirectory } from "../change-directory.ts";
import { type Directory, readDirectory } from "../directory.ts";
import { grantKey, type Project, type User } from "../records.ts";
import { domainOf, projectOf, userOf } from "./look-up.ts";
import type { AdminResult } from "./orders.ts";
import { refuse } from "./refused.ts";
import type { AdminServices } from "./services.ts";

interface GrantOrder {
  readonly user: string;
  readonly domain?: string | undefined;
  readonly project: string;
  readonly role: RoleName;
}

/** Twice is once. @throws AdminRefused: no such user or project, a user who may do everything already */
export const grantRole = (services: AdminServices, order: GrantOrder): Promise<AdminResult> =>
  changeRoles(services, order, (roles) => (roles.includes(order.role) ? roles : [...roles, order.role]));

/** Revoking what is not granted is no error. @throws AdminRefused as grantRole */
export const revokeRole = (services: AdminServices, order: GrantOrder): Promise<AdminResult> =>
  changeRoles(services, order, (roles) => roles.filter((role) => role !== order.role));

function changeRoles(
  { records }: AdminServices,
  order: GrantOrder,
  change: (roles: readonly RoleName[]) => readonly RoleName[],
): Promise<AdminResult> {
  return changeDirectory(records, (directory) => {
    const user = userOf(directory, order);
    const project = projectOf(directory, domainOf(directory, user.domainId), order.project);
    if (user.access !== "granted")
      return refuse(`${user.name} may do everything in its domain: roles are for users made by "user create"`);
    const seen = directory.grants.find(({ userId, projectId }) => userId === user.id && projectId === project.id);
    const roles = change(seen?.roles ?? []);
    const key = grantKey(user.id, project.id);
    const result = grantView(user, project, roles);
    if (roles.length === 0)
      // `any`: the gate says that nobody has changed accounts since they were read.
      return { writes: seen === undefined ? [] : [{ op: "delete", key, if: "any" }], result };
    const item = toItem({ key }, { userId: user.id, projectId: project.id, roles }, seen?.v ?? 0);
    return { writes: [{ op: "put", item, if: seen === undefined ? "absent" : { v: seen.v } }], result };
  });
}

/** What a user has, project by project. @throws AdminRefused when there is no such user */
export async function listRoles(
  { records }: AdminServices,
  order: Pick<GrantOrder, "user" | "domain">,
): Promise<AdminResult> {
  const directory = await readDirectory(records);
  const user = userOf(directory, order);
  const projects = projectsOf(directory, user);
  if (user.access !== "granted") return projects.map((project) => grantView(user, project, ["everything"]));
  return projects.flatMap((project) => {
    const grant = directory.grants.find(({ userId, projectId }) => userId === user.id && projectId === project.id);
    return grant === undefined ? [] : [grantView(user, project, grant.roles)];
  });
}

const projectsOf = ({ projects }: Directory, user: User): readonly Project[] =>
  projects.filter(({ domainId }) => domainId === user.domainId);

const grantView = (user: User, project: Project, roles: readonly string[]) => ({
  user_id: user.id,
  user_name: user.name,
  project_id: project.id,
  project_name: project.name,
  roles,
});
