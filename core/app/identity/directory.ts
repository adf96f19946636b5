/** Which accounts, projects, users, keys and grants exist. */
import type { Item, RecordStore } from "../../ports/record-store.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import {
  type Boot,
  BootRecord,
  DIRECTORY,
  type Domain,
  DomainRecord,
  domainKey,
  type Grant,
  GrantRecord,
  generationKey,
  KeyRow,
  type Project,
  ProjectRecord,
  projectKey,
  type User,
  UserRecord,
  userKey,
} from "./records.ts";

/** Everybody and everything, in the order of their ids. */
export interface Directory {
  /** The first account; undefined before it is made. */
  readonly boot: Versioned<Boot> | undefined;
  readonly domains: readonly Domain[];
  readonly projects: readonly Project[];
  readonly users: readonly Versioned<User>[];
  /** Permanent keys; the first one is in `boot` and, when it was made by `key create`, here as well. */
  readonly keys: readonly KeyRow[];
  readonly grants: readonly Versioned<Grant>[];
  /** The region that catalogues name: the first project is called like it. Empty before the first account is made. */
  readonly region: string;
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
  const first = items.find((item) => item.sk === "BOOT");
  const boot = first && parseItem(BootRecord, first);
  const projects = of("PROJECT").map((item) => parseItem(ProjectRecord, item));
  return {
    boot,
    domains: of("DOMAIN").map((item) => parseItem(DomainRecord, item)),
    projects,
    users: of("USER").map((item) => parseItem(UserRecord, item)),
    keys: of("KEY").map((item) => parseItem(KeyRow, item)),
    grants: of("GRANT").map((item) => parseItem(GrantRecord, item)),
    region: projects.find(({ id }) => id === boot?.projectId)?.name ?? "",
  };
}

/** Grows with every change of accounts; 0 before the first. Consistent: what is remembered under another one is not used. */
export async function readGeneration(records: RecordStore): Promise<number> {
  return (await records.get(generationKey, { consistent: true }))?.v ?? 0;
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
