/** Who sent this request? */
import type { Clock } from "../../domain/values.ts";
import type { KeyService } from "../../ports/key-service.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import { parseItem } from "../records/record.ts";
import { parseAuthorization } from "./authorization-header.ts";
import type { SignedRequest } from "./canonical-request.ts";
import { findUser, readDirectory } from "./directory.ts";
import { IdentityFailure, type Principal } from "./principal.ts";
import { AccessKeyRecord, accessKeyKey, secretKeyContext } from "./records.ts";
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
 * Accepts X-Auth-Token and both dialects of SDK-HMAC-SHA256. There is no replay cache: clients send identical requests
 * within one second on purpose (hazards C4). Users, keys and projects are remembered for five minutes.
 */
export function authenticator(services: {
  readonly records: RecordStore;
  readonly keys: KeyService;
  readonly now: Clock;
}): Authenticate {
  const { records, keys, now } = services;

  const account = remembering(now, async (userId: string): Promise<Principal | undefined> => {
    const found = await findUser(records, userId);
    if (found === undefined) return undefined;
    const { user, domain } = found;
    const { projects } = await readDirectory(records);
    const projectIds = projects.filter((p) => p.domainId === domain.id).map((p) => p.id);
    return { userId: user.id, userName: user.name, domainId: domain.id, domainName: domain.name, projectIds };
  });

  const secretOf = remembering(now, async (accessKey: string) => {
    const item = await records.get(accessKeyKey(accessKey), { consistent: true });
    if (item === undefined) return undefined;
    const record = parseItem(AccessKeyRecord, item);
    const secret = await keys.unwrap(Buffer.from(record.sealedSecret, "base64"), secretKeyContext(accessKey));
    return { userId: record.userId, secret: Buffer.from(secret).toString() };
  });

  async function bySignature(request: SignedRequest, header: string): Promise<Principal> {
    const authorization = parseAuthorization(header);
    checkSignable(request, authorization, now());
    const known = authorization.accessKey.length > 128 ? undefined : await secretOf(authorization.accessKey);
    const signed = isSignedBy(known?.secret ?? NOBODY, request, authorization);
    if (known === undefined || !signed) return wrong();
    return (await account(known.userId)) ?? wrong();
  }

  async function byToken(id: string): Promise<Principal> {
    const token = (await readToken(records, id, now())) ?? wrong();
    const principal = (await account(token.userId)) ?? wrong();
    return { ...principal, projectIds: token.scope.kind === "project" ? [token.scope.projectId] : [] };
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
