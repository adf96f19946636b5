/** What is one user's: the domain, the projects in reach, the rights. */
import { EVERYTHING, type Rights } from "../../domain/roles.ts";
import type { Directory } from "./directory.ts";
import type { Domain, Project, User } from "./records.ts";

/** A user with everything that its requests depend on. */
export interface Account {
  readonly user: User;
  readonly domain: Domain;
  /** Projects of the domain in which the user has a right. */
  readonly projects: readonly Project[];
  readonly rights: Rights;
  /** Is it the first user? */
  readonly operator: boolean;
}

/** Undefined when the user or its domain is gone. */
export function accountOf(directory: Directory, userId: string): Account | undefined {
  const user = directory.users.find(({ id }) => id === userId);
  const domain = directory.domains.find(({ id }) => id === user?.domainId);
  if (user === undefined || domain === undefined) return undefined;
  const rights = rightsOf(directory, user);
  const projects = directory.projects.filter(
    ({ id, domainId }) => domainId === domain.id && (rights.kind === "everything" || rights.roles.has(id)),
  );
  return { user, domain, projects, rights, operator: directory.boot?.userId === userId };
}

function rightsOf({ grants }: Directory, { id, access }: User): Rights {
  if (access !== "granted") return EVERYTHING;
  const own = grants.filter(({ userId, roles }) => userId === id && roles.length > 0);
  return { kind: "granted", roles: new Map(own.map(({ projectId, roles }) => [projectId, roles])) };
}
