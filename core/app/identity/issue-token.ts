/** Use case: who proves who they are gets a token for a project or for the account. */
import type { Clock } from "../../domain/values.ts";
import type { RecordStore } from "../../ports/record-store.ts";
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

/** What the token shall be good for. `default` is the account's only project, as when a client names no scope. */
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
  /** The region that its catalogue names, also when it is not for a project; empty when the account has no project. */
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
  const user =
    proof.kind === "password"
      ? await userByPassword(directory, proof)
      : (directory.users.find((u) => u.id === before?.userId) ?? wrong());
  const domain = directory.domains.find((d) => d.id === user.domainId) ?? wrong();
  const granted = grant(directory, domain, scope);
  const { id, token } = await storeToken(services, {
    userId: user.id,
    scope: granted.scope,
    methods: [proof.kind],
    now: now(),
    ...(before !== undefined && { notAfter: before.expiresAt }),
  });
  return {
    id,
    token,
    user,
    domain,
    project: granted.project,
    region: granted.project?.name ?? regionOf(directory, domain),
  };
}

/** What a token is good for, told again. @throws IdentityFailure not-found when it is unknown, expired or its owner gone */
export async function describeToken(
  { records, now }: { readonly records: RecordStore; readonly now: Clock },
  id: string,
): Promise<TokenDetails> {
  const gone = (): never => {
    throw new IdentityFailure("not-found", "This is not a recognized token.");
  };
  const token = (await readToken(records, id, now())) ?? gone();
  const directory = await readDirectory(records);
  const user = directory.users.find((u) => u.id === token.userId) ?? gone();
  const domain = directory.domains.find((d) => d.id === user.domainId) ?? gone();
  const { scope } = token;
  const project = scope.kind === "project" ? directory.projects.find((p) => p.id === scope.projectId) : undefined;
  return { token, user, domain, project, region: project?.name ?? regionOf(directory, domain) };
}

/** A project is named as its region. */
const regionOf = ({ projects }: Directory, { id }: Domain): string =>
  projects.find((p) => p.domainId === id)?.name ?? "";

async function userByPassword(directory: Directory, proof: Extract<Proof, { kind: "password" }>): Promise<User> {
  const { id, name, domain } = proof.user;
  const user = directory.users.find((u) => {
    const home = directory.domains.find((d) => d.id === u.domainId);
    return home !== undefined && is({ id, name }, u) && (id !== undefined || isAccount(domain, home));
  });
  const right = await isPassword(proof.password, user?.passwordHash);
  return right && user !== undefined ? user : wrong();
}

function grant(
  directory: Directory,
  domain: Domain,
  asked: AskedScope,
): { readonly scope: Token["scope"]; readonly project: Project | undefined } {
  const own = directory.projects.filter((p) => p.domainId === domain.id);
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
