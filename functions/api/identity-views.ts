/** How identities look on the wire, in Keystone v3's words (members that clients read: clients.md §1.1, cbr-api §4.2). */
import { createHash } from "node:crypto";
import type { TokenDetails } from "../../core/app/identity/issue-token.ts";
import type { Domain, Project, User } from "../../core/app/identity/records.ts";
import { type Instant, wireTime } from "../../core/domain/values.ts";

/** 32 hex digits that stay the same for the same thing: catalogue entries have ids, but nobody stores them. */
const stableId = (...parts: readonly string[]): string =>
  createHash("sha256").update(parts.join("/")).digest("hex").slice(0, 32);

const keystoneTime = (at: Instant): string => `${wireTime(at)}Z`;

/** The `token` member; no project for a token of the account. */
export function tokenView({ token, user, domain, project, roles, region }: TokenDetails, url: string) {
  const home = { id: domain.id, name: domain.name };
  return {
    issued_at: keystoneTime(token.issuedAt),
    expires_at: keystoneTime(token.expiresAt),
    methods: token.methods,
    user: { id: user.id, name: user.name, domain: home },
    ...(project !== undefined && { project: { id: project.id, name: project.name, domain: home } }),
    ...(token.scope.kind === "domain" && { domain: home }),
    ...(token.scope.kind !== "unscoped" && { roles: roles.map((name) => ({ id: stableId("role", name), name })) }),
    catalog: catalogView(project, region, url),
  };
}

/** Where to go: CBR with the project in its address, and this identity service, so that clients stay on this host. */
export function catalogView(project: Project | undefined, region: string, url: string) {
  const entry = (type: string, name: string, address: string) => {
    const id = stableId("endpoint", type, region);
    return {
      id: stableId("service", type),
      type,
      name,
      endpoints: [{ id, interface: "public", region, region_id: region, url: address }],
    };
  };
  const cbr = project === undefined ? [] : [entry("cbr", "cbr", `${url}/v3/${project.id}`)];
  return [...cbr, entry("identity", "iam", `${url}/v3`)];
}

export const projectView = ({ id, name, domainId }: Project, url: string) => ({
  id,
  name,
  domain_id: domainId,
  parent_id: domainId,
  enabled: true,
  is_domain: false,
  description: "",
  links: { self: `${url}/v3/projects/${id}` },
});

export const domainView = ({ id, name }: Domain, url: string) => ({
  id,
  name,
  enabled: true,
  description: "",
  links: { self: `${url}/v3/domains/${id}` },
});

export const userView = ({ id, name, domainId }: User, url: string) => ({
  id,
  name,
  domain_id: domainId,
  enabled: true,
  links: { self: `${url}/v3/users/${id}` },
});
