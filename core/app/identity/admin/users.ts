/** Use cases: users and their passwords. */
import type { Write } from "../../../ports/record-store.ts";
import { toItem } from "../../records/record.ts";
import { changeDirectory, MOST_WRITES } from "../change-directory.ts";
import { readDirectory } from "../directory.ts";
import { hashPassword } from "../passwords.ts";
import { accessKeyKey, bootKey, grantKey, keyRowKey, passwordContext, type User, userKey } from "../records.ts";
import { bootOf, checkFree, domainOf, userOf } from "./look-up.ts";
import type { AdminResult } from "./orders.ts";
import { refuse } from "./refused.ts";
import { type AdminServices, hexId, seal } from "./services.ts";

/** How an order names a user. */
interface NamedUser {
  readonly user: string;
  readonly domain?: string | undefined;
}

const SALT_BYTES = 16;

/** A user with no right anywhere: `role grant` comes next. @throws AdminRefused when the domain is unknown or has the name */
export async function createUser(
  services: AdminServices,
  order: { readonly name: string; readonly domain?: string | undefined; readonly password?: string | undefined },
): Promise<AdminResult> {
  const id = hexId(services);
  const { password } = order;
  const hash = password === undefined ? undefined : await hashPassword(password, services.randomBytes(SALT_BYTES));
  return changeDirectory(services.records, (directory) => {
    const domain = domainOf(directory, order.domain);
    const own = directory.users.filter(({ domainId }) => domainId === domain.id);
    checkFree("user", order.name, own);
    const user: User = {
      id,
      name: order.name,
      domainId: domain.id,
      passwordHash: hash,
      passwordVersion: 0,
      access: "granted",
    };
    const item = toItem({ key: userKey(id) }, user, 0);
    return { writes: [{ op: "put", item, if: "absent" }], result: userView(user, domain.name) };
  });
}

/** Users of one domain, or of all. @throws AdminRefused when the domain is unknown */
export async function listUsers({ records }: AdminServices, named: string | undefined): Promise<AdminResult> {
  const directory = await readDirectory(records);
  const domains = named === undefined ? directory.domains : [domainOf(directory, named)];
  return domains.flatMap(({ id, name }) =>
    directory.users.filter(({ domainId }) => domainId === id).map((user) => userView(user, name)),
  );
}

/**
 * Sets a new password; tokens got with the old one, and temporary keys got with those, are dead at once. The first user's is
 * kept sealed as well, so that credentials.json tells the new one.
 */
export async function setPassword(
  services: AdminServices,
  order: NamedUser & { readonly password: string },
): Promise<AdminResult> {
  const { password } = order;
  const hash = await hashPassword(password, services.randomBytes(SALT_BYTES));
  const before = await readDirectory(services.records);
  const { id } = userOf(before, order);
  // Who is first never changes, so it need not be decided at the gate.
  const sealedPassword = before.boot?.userId === id ? await seal(services, password, passwordContext(id)) : undefined;
  return changeDirectory(services.records, (directory) => {
    // By id: a name may mean somebody else by now.
    const user = directory.users.find((one) => one.id === id) ?? refuse(`the user ${order.user} is gone`);
    const boot = bootOf(directory);
    const changed = { ...user, passwordHash: hash, passwordVersion: user.passwordVersion + 1 };
    const writes: Write[] = [{ op: "put", item: toItem({ key: userKey(id) }, changed, user.v), if: { v: user.v } }];
    if (sealedPassword !== undefined) {
      const item = toItem({ key: bootKey }, { ...boot, sealedPassword }, boot.v);
      writes.push({ op: "put", item, if: { v: boot.v } });
    }
    return { writes, result: userView(changed, domainOf(directory, user.domainId).name) };
  });
}

/**
 * Deletes a user with its keys and grants; tokens and temporary keys find no user any more. What does not fit into one
 * transaction goes before, grants first: a crash in between leaves a user with fewer rights, who is deleted by asking again.
 * @throws AdminRefused for the first user
 */
export async function deleteUser({ records }: AdminServices, order: NamedUser): Promise<AdminResult> {
  for (;;) {
    const { deleted, result } = await changeDirectory(records, (directory) => {
      const user = userOf(directory, order);
      if (bootOf(directory).userId === user.id) refuse(`${user.name} is the first user, who cannot be deleted`);
      const grants = directory.grants.filter(({ userId }) => userId === user.id);
      const keys = directory.keys.filter(({ userId }) => userId === user.id);
      // `any`: the directory says that they are there, and the gate that nobody has changed it since.
      const remove = (key: { readonly pk: string; readonly sk: string }): Write => ({ op: "delete", key, if: "any" });
      const dependent = [
        ...grants.map(({ projectId }) => remove(grantKey(user.id, projectId))),
        ...keys.flatMap(({ accessKey }) => [remove(keyRowKey(user.id, accessKey)), remove(accessKeyKey(accessKey))]),
      ];
      const result = { ...userView(user, domainOf(directory, user.domainId).name), deleted: true };
      const whole = [...dependent, remove(userKey(user.id))];
      return whole.length <= MOST_WRITES
        ? { writes: whole, result: { deleted: true, result } }
        : { writes: dependent.slice(0, MOST_WRITES), result: { deleted: false, result } };
    });
    if (deleted) return result;
  }
}

const userView = ({ id, name, domainId, passwordHash, access }: User, domain: string) => ({
  id,
  name,
  domain_id: domainId,
  domain_name: domain,
  access: access ?? "everything",
  password: passwordHash !== undefined,
});
