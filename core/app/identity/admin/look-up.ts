/** Who or what is meant by a name? */
import type { Versioned } from "../../records/record.ts";
import type { Directory } from "../directory.ts";
import type { Boot, Domain, Project, User } from "../records.ts";
import { refuse } from "./refused.ts";

/** The first account. @throws AdminRefused before it is made */
export const bootOf = ({ boot }: Directory): Versioned<Boot> =>
  boot ?? refuse('there is no account yet: make the first one with "holdfast admin bootstrap"');

/** By id or name; the first domain when it is not named. @throws AdminRefused */
export function domainOf(directory: Directory, named: string | undefined): Domain {
  const wanted = named ?? bootOf(directory).domainId;
  return find(directory.domains, wanted) ?? refuse(`there is no domain ${wanted}`);
}

/** A project of the domain. @throws AdminRefused */
export const projectOf = (directory: Directory, { id, name }: Domain, named: string): Project =>
  find(
    directory.projects.filter(({ domainId }) => domainId === id),
    named,
  ) ?? refuse(`there is no project ${named} in domain ${name}`);

/** A user by id, or by name within its domain. @throws AdminRefused */
export function userOf(
  directory: Directory,
  { user, domain }: { readonly user: string; readonly domain?: string | undefined },
): Versioned<User> {
  const { id, name } = domainOf(directory, domain);
  const byId = domain === undefined ? directory.users.find((one) => one.id === user) : undefined;
  const own = directory.users.filter(({ domainId }) => domainId === id);
  return byId ?? find(own, user) ?? refuse(`there is no user ${user} in domain ${name}`);
}

/** An id wins over a name that looks like one. */
const find = <T extends { readonly id: string; readonly name: string }>(all: readonly T[], named: string) =>
  all.find(({ id }) => id === named) ?? all.find(({ name }) => name === named);

/** @throws AdminRefused when somebody has the name */
export function checkFree(kind: string, name: string, all: readonly { readonly name: string }[]): void {
  if (all.some((one) => one.name === name)) refuse(`there is a ${kind} ${name} already`);
}
