/** Which account, projects and users exist. */
import type { Item, RecordStore } from "../../ports/record-store.ts";
import { parseItem } from "../records/record.ts";
import {
  DIRECTORY,
  type Domain,
  DomainRecord,
  domainKey,
  type Project,
  ProjectRecord,
  projectKey,
  type User,
  UserRecord,
  userKey,
} from "./records.ts";

/** Everybody and everything of the account, in name order of their ids. */
export interface Directory {
  readonly domains: readonly Domain[];
  readonly projects: readonly Project[];
  readonly users: readonly User[];
}

/** Reads the directory: one consistent query of some dozen rows. */
export async function readDirectory(records: RecordStore): Promise<Directory> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await records.query({
      pk: DIRECTORY,
      limit: 1000,
      consistent: true,
      ...(cursor !== undefined && { cursor }),
    });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  const of = (kind: string) => items.filter((item) => item.sk.startsWith(`${kind}#`));
  return {
    domains: of("DOMAIN").map((item) => parseItem(DomainRecord, item)),
    projects: of("PROJECT").map((item) => parseItem(ProjectRecord, item)),
    users: of("USER").map((item) => parseItem(UserRecord, item)),
  };
}

/** A user with the account it belongs to; undefined when either is gone. */
export async function findUser(
  records: RecordStore,
  userId: string,
): Promise<{ user: User; domain: Domain } | undefined> {
  const item = await records.get(userKey(userId), { consistent: true });
  if (item === undefined) return undefined;
  const user = parseItem(UserRecord, item);
  const domain = await records.get(domainKey(user.domainId), { consistent: true });
  return domain && { user, domain: parseItem(DomainRecord, domain) };
}

/** One project by id. */
export async function findProject(records: RecordStore, projectId: string): Promise<Project | undefined> {
  const item = await records.get(projectKey(projectId), { consistent: true });
  return item && parseItem(ProjectRecord, item);
}
