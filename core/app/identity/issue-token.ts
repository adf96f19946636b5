/** Use case: who proves who they are gets a token for a project or for the account. */
import type { Clock } from "../../domain/values.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { type Account, accountOf } from "./account.ts";
import { type Directory, readDirectory } from "./directory.ts";
import { isPassword } from "./passwords.ts";
import { IdentityFailure } from "./principal.ts";
import type { Domain, Project, Token, User } from "./records.ts";
import { readToken, storeToken } from "./tokens.ts";

/** How clients name something: by id, by name, or both. */
export interface Named {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/** What proves the identity. */
export type Proof =
  | {
      readonly kind: "password";
      readonly user: Named & { readonly domain?: Named | undefined };
      readonly password: string;
    }
  | { readonly kind: "token"; readonly token: string };

/** What the token shall be good for. `default` is the only project in the user's reach, as when a client names no scope. */
export type AskedScope =
  | ({ readonly kind: "project"; readonly domain?: Named | undefined } & Named)
  | ({ readonly kind: "domain" } & Named)
  | { readonly kind: "default" }
  | { readonly kind: "unscoped" };

/** A token with everything that its description shows. */
export interface TokenDetails {
  readonly token: Token;
  readonly user: User;
  readonly domain: Domain;
  readonly project: Project | undefined;
  /** Names of the roles that it carries; `admin` for a user who may do everything. */
  readonly roles: readonly string[];
  /** The region that its catalogue names, also when it is not for a project. */
  readonly region: string;
}

const wrong = (): never => {
  throw new IdentityFailure("unauthenticated", "The request you have made requires authentication.");
};

/** Issues a token. Wrong name, wrong password and wrong scope look alike and take alike. @throws IdentityFailure */
export async function issueToken(
  services: { readonly records: RecordStore; readonly now: Clock; readonly randomBytes: (n: number) => Uint8Array },
  { proof, scope }: { readonly proof: Proof; readonly scope: AskedScope },
): Promise<TokenDetails & { readonly id: string }> {
  const { records, now } = services;
  const directory = await readDirectory(records);
  const before = proof.kind === "token" ? ((await readToken(records, proof.token, now())) ?? wrong()) : undefined;
  const userId = proof.kind === "password" ? (await userByPassword(directory, proof)).id : before?.userId;
  const account = (userId === undefined ? undefined : accountOf(directory, userId)) ?? wrong();
  const { passwordVersion } = account.user;
  if (before !== undefined && before.passwordVersion !== passwordVersion) wrong();
  const granted = grant(account, scope);
  // The version is the one that the proof was checked against: when the password is changed meanwhile, the token is dead.
  const { id, token } = await storeToken(services, {
    userId: account.user.id,
    passwordVersion,
    scope: granted.scope,
    methods: [proof.kind],
    now: now(),
    ...(before !== undefined && { notAfter: before.expiresAt }),
  });
  return { id, ...detailsOf(account, token, granted.project, directory) };
}

/** What a token is good for, told again. @throws IdentityFailure not-found when it is unknown, expired, or dead with its user or password */
export async function describeToken(
  { records, now }: { readonly records: RecordStore; readonly now: Clock },
  id: string,
): Promise<TokenDetails> {
  const gone = (): never => {
    throw new IdentityFailure("not-found", "This is not a recognized token.");
  };
  const token = (await readToken(records, id, now())) ?? gone();
  const directory = await readDirectory(records);
  const account = accountOf(directory, token.userId) ?? gone();
  if (token.passwordVersion !== account.user.passwordVersion) gone();
  const { scope } = token;
  const project = account.projects.find(({ id }) => scope.kind === "project" && id === scope.projectId);
  return detailsOf(account, token, project, directory);
}

function detailsOf(
  { user, domain, rights }: Account,
  token: Token,
  project: Project | undefined,
  { region }: Directory,
): TokenDetails {
  const roles = rights.kind === "everything" ? ["admin"] : (rights.roles.get(project?.id ?? "") ?? []);
  return { token, user, domain, project, roles, region };
}

async function userByPassword(directory: Directory, proof: Extract<Proof, { kind: "password" }>): Promise<User> {
  const user = userNamed(directory, proof.user);
  const right = await isPassword(proof.password, user?.passwordHash);
  return right && user !== undefined ? user : wrong();
}

/** A name without its domain means the user of the first domain, or the only one who is called so. */
function userNamed(directory: Directory, { id, name, domain }: Extract<Proof, { kind: "password" }>["user"]) {
  const home = (user: User) => directory.domains.find((d) => d.id === user.domainId);
  const called = directory.users.filter((user) => {
    const at = home(user);
    return at !== undefined && is({ id, name }, user) && (id !== undefined || isAccount(domain, at));
  });
  if (called.length < 2) return called[0];
  return called.find(({ domainId }) => domainId === directory.boot?.domainId);
}

function grant(
  { domain, projects: own }: Account,
  asked: AskedScope,
): { readonly scope: Token["scope"]; readonly project: Project | undefined } {
  if (asked.kind === "unscoped") return { scope: { kind: "unscoped" }, project: undefined };
  if (asked.kind === "domain") {
    if (!isAccount(asked, domain)) wrong();
    return { scope: { kind: "domain" }, project: undefined };
  }
  if (asked.kind === "default") {
    const [project] = own;
    if (project === undefined || own.length > 1) return { scope: { kind: "unscoped" }, project: undefined };
    return { scope: { kind: "project", projectId: project.id }, project };
  }
  const project =
    own.find((p) => is(asked, p) && (asked.id !== undefined || isAccount(asked.domain, domain))) ?? wrong();
  return { scope: { kind: "project", projectId: project.id }, project };
}

/** Does the name given mean this thing? Whatever is given must agree, and something must be given. */
const is = (named: Named, thing: { readonly id: string; readonly name: string }): boolean =>
  (named.id !== undefined || named.name !== undefined) &&
  (named.id === undefined || named.id === thing.id) &&
  (named.name === undefined || named.name === thing.name);

/** openstackclient sends the domain id `default` when its user named none: within one account that is the account. */
const isAccount = (named: Named | undefined, domain: Domain): boolean =>
  named === undefined || named.id === "default" || is(named, domain);
