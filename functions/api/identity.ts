/** The part of an identity service that clients of CBR call (clients.md §1): tokens, catalogue, look-ups. */
import { z } from "zod";
import { readDirectory } from "../../core/app/identity/directory.ts";
import { type AskedScope, describeToken, issueToken, type Proof } from "../../core/app/identity/issue-token.ts";
import { IdentityFailure } from "../../core/app/identity/principal.ts";
import { revokeToken as revoke } from "../../core/app/identity/tokens.ts";
import type { Services } from "../../core/app/services.ts";
import { callerOf, ownProjects } from "./identity-caller.ts";
import { catalogView, domainView, projectView, tokenView, userView } from "./identity-views.ts";
import { parseBody } from "./kit/fields.ts";
import type { ApiRequest, ApiResponse, Handler } from "./kit/request.ts";

/** What the identity endpoints use of a host's services. */
export type IdentityServices = Pick<Services, "records" | "now" | "randomBytes">;

const named = { id: z.string().max(255).optional(), name: z.string().max(255).optional() };
const DomainName = z.object(named).optional();
const Methods = z.array(z.string()).min(1);
const User = z.object({ ...named, domain: DomainName, password: z.string().max(4096) });
/** POST /v3/auth/tokens. */
export const TokenRequest = z.object({
  auth: z.object({
    identity: z.object({
      methods: Methods,
      password: z.object({ user: User }).optional(),
      token: z.object({ id: z.string().max(4096) }).optional(),
    }),
    scope: z
      .union([
        z.literal("unscoped"),
        z.object({
          project: z.object({ ...named, domain: DomainName }).optional(),
          domain: DomainName,
          unscoped: z.unknown().optional(),
        }),
      ])
      .optional(),
  }),
});
type Asked = z.output<typeof TokenRequest>["auth"];

/** `POST /v3/auth/tokens`: 201, the token in X-Subject-Token. */
export const createToken: Handler<IdentityServices> = async (request, services) => {
  const { auth } = parseBody(TokenRequest, request.body);
  const { id, ...details } = await issueToken(services, { proof: proofOf(auth), scope: scopeOf(auth) });
  return { status: 201, headers: { "X-Subject-Token": id }, body: { token: tokenView(details, request.url) } };
};

/** `GET /v3/auth/tokens`: what the token in X-Subject-Token is good for. */
export const showToken: Handler<IdentityServices> = async (request, services) => {
  const id = request.headers["x-subject-token"] ?? "";
  const details = await describeToken(services, id);
  return { status: 200, headers: { "X-Subject-Token": id }, body: { token: tokenView(details, request.url) } };
};

/** `DELETE /v3/auth/tokens`: the caller's token in X-Subject-Token is refused from now on. Others' look unknown. */
export const revokeToken: Handler<IdentityServices> = async (request, services) => {
  const id = request.headers["x-subject-token"] ?? "";
  if (!(await revoke(services, id, callerOf(request).userId)))
    throw new IdentityFailure("not-found", "This is not a recognized token.");
  return { status: 204 };
};

/** `GET /v3/projects?name=` and `GET /v3/auth/projects`. Clients rely on the name filter (clients.md §1). */
export const listProjects: Handler<IdentityServices> = async (request, services) => {
  const { projects: all } = await ownProjects(request, services);
  const projects = byName(request, all);
  return listed(
    request,
    "projects",
    projects.map((project) => projectView(project, request.url)),
  );
};

/** `GET /v3/projects/{id}`. */
export const showProject: Handler<IdentityServices> = async (request, services) => {
  const { projects } = await ownProjects(request, services);
  const project = projects.find(({ id }) => id === request.path.id);
  if (project === undefined) throw new IdentityFailure("not-found", "could not find the project");
  return { status: 200, body: { project: projectView(project, request.url) } };
};

/** `GET /v3/auth/domains`, also with `?name=`. */
export const listDomains: Handler<IdentityServices> = async (request, services) => {
  const { domains } = await readDirectory(services.records);
  const own = domains.filter(({ id }) => id === callerOf(request).domainId);
  return listed(
    request,
    "domains",
    byName(request, own).map((domain) => domainView(domain, request.url)),
  );
};

/** `GET /v3/users?name=`: all of the domain for who may do everything in it, else the caller alone. */
export const listUsers: Handler<IdentityServices> = async (request, services) => {
  const { users } = await readDirectory(services.records);
  const { userId, domainId, rights } = callerOf(request);
  const own = users.filter(
    (user) => user.domainId === domainId && (rights.kind === "everything" || user.id === userId),
  );
  return listed(
    request,
    "users",
    byName(request, own).map((user) => userView(user, request.url)),
  );
};

/** `GET /v3/auth/catalog`: the project that X-Project-Id names, else the token's or the account's first. */
export const showCatalog: Handler<IdentityServices> = async (request, services) => {
  const { projects, region } = await ownProjects(request, services);
  const reach = projects.filter(({ id }) => callerOf(request).projectIds.includes(id));
  const hint = request.headers["x-project-id"];
  const project = hint === undefined ? reach[0] : reach.find(({ id }) => id === hint);
  const links = { self: `${request.url}/v3/auth/catalog`, previous: null, next: null };
  return { status: 200, body: { catalog: catalogView(project, region, request.url), links } };
};

const byName = <T extends { readonly name: string }>({ query }: ApiRequest, rows: readonly T[]): readonly T[] => {
  const name = query.get("name");
  return name === undefined ? rows : rows.filter((row) => row.name === name);
};

const listed = (request: ApiRequest, key: string, rows: readonly object[]): ApiResponse => ({
  status: 200,
  body: { [key]: rows, links: { self: `${request.url}/v3/${key}`, previous: null, next: null } },
});

function proofOf({ identity }: Asked): Proof {
  if (identity.methods.includes("password") && identity.password !== undefined) {
    const { password, ...user } = identity.password.user;
    return { kind: "password", user, password };
  }
  if (identity.methods.includes("token") && identity.token !== undefined)
    return { kind: "token", token: identity.token.id };
  throw new IdentityFailure("unauthenticated", "auth.identity.methods: only password and token are supported here");
}

function scopeOf({ scope }: Asked): AskedScope {
  if (scope === undefined) return { kind: "default" };
  if (scope === "unscoped" || scope.unscoped !== undefined) return { kind: "unscoped" };
  if (scope.project !== undefined) return { kind: "project", ...scope.project };
  if (scope.domain !== undefined) return { kind: "domain", ...scope.domain };
  return { kind: "default" };
}
