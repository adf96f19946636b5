/** Who sent this request? */
import type { Clock } from "../../domain/values.ts";
import type { KeyService } from "../../ports/key-service.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { holds, openAccessKey } from "./access-keys.ts";
import { type Account, accountOf } from "./account.ts";
import { parseAuthorization } from "./authorization-header.ts";
import type { SignedRequest } from "./canonical-request.ts";
import { readDirectory, readGeneration } from "./directory.ts";
import { type Credential, IdentityFailure, type Principal } from "./principal.ts";
import { remembering } from "./remembered.ts";
import { checkSignable, isSignedBy } from "./signature.ts";
import { readToken } from "./tokens.ts";

/** Decides who sent a request. @throws IdentityFailure unauthenticated */
export type Authenticate = (request: SignedRequest) => Promise<Principal>;

/** One text for an unknown key, a wrong signature and an unknown or expired token: it must not tell which. */
const WRONG = "Incorrect authentication information";
const wrong = (): never => {
  throw new IdentityFailure("unauthenticated", WRONG);
};
/** Checked against when the access key is unknown, so that the same work is done. */
const NOBODY = "0".repeat(40);

/**
 * Accepts X-Auth-Token and both dialects of SDK-HMAC-SHA256, the latter also with a temporary key and its X-Security-Token.
 * There is no replay cache: clients send identical requests within one second on purpose (hazards C4). Users and keys are
 * remembered for five minutes, unless accounts are changed in between: each request reads their generation.
 */
export function authenticator(services: {
  readonly records: RecordStore;
  readonly keys: KeyService;
  readonly now: Clock;
}): Authenticate {
  const { records, now } = services;
  const accounts = remembering(now, async (userId) => accountOf(await readDirectory(records), userId));
  const openKeys = remembering(now, (accessKey) => openAccessKey(services, accessKey));

  async function bySignature(request: SignedRequest, header: string): Promise<Principal> {
    const authorization = parseAuthorization(header);
    checkSignable(request, authorization, now());
    const { accessKey } = authorization;
    const generation = await readGeneration(records);
    const known = accessKey.length > 128 ? undefined : await openKeys(accessKey, generation);
    const signed = isSignedBy(known?.secret ?? NOBODY, request, authorization);
    if (known === undefined || !signed) return wrong();
    const account = (await accounts(known.userId, generation)) ?? wrong();
    if (!holds(known, request.headers["x-security-token"], account.user.passwordVersion, now())) return wrong();
    return principalOf(
      account,
      known.temporary === undefined ? { kind: "access-key", accessKey } : { kind: "temporary-key" },
    );
  }

  async function byToken(id: string): Promise<Principal> {
    const [found, generation] = await Promise.all([readToken(records, id, now()), readGeneration(records)]);
    const token = found ?? wrong();
    const account = (await accounts(token.userId, generation)) ?? wrong();
    if (token.passwordVersion !== account.user.passwordVersion) return wrong();
    const { scope, expiresAt, passwordVersion } = token;
    const principal = principalOf(account, { kind: "token", expiresAt, passwordVersion });
    const scoped = principal.projectIds.filter((id) => scope.kind === "project" && id === scope.projectId);
    return { ...principal, projectIds: scoped };
  }

  return async (request) => {
    const { authorization, "x-auth-token": token } = request.headers;
    // A proxy's own scheme (Basic, Bearer) beside a token is not for us.
    if (authorization !== undefined && (token === undefined || /^(SDK|V11)-/.test(authorization)))
      return bySignature(request, authorization.trim());
    if (token !== undefined && token !== "") return byToken(token);
    throw new IdentityFailure("unauthenticated", "no credentials: send X-Auth-Token or sign with SDK-HMAC-SHA256");
  };
}

const principalOf = ({ user, domain, projects, rights, operator }: Account, credential: Credential): Principal => ({
  userId: user.id,
  userName: user.name,
  domainId: domain.id,
  domainName: domain.name,
  projectIds: projects.map(({ id }) => id),
  rights,
  operator,
  credential,
});
