/** Users of an identity host besides the first one, and what they send: for tests of permission. */
import { administer } from "../../../core/app/identity/admin/administer.ts";
import type { AdminOrder, AdminResult } from "../../../core/app/identity/admin/orders.ts";
import type { RoleName } from "../../../core/domain/roles.ts";
import type { HttpResult } from "../../../functions/api/kit/event.ts";
import { bodyOf, eventOf, type IdentityHost } from "./identity-host.ts";
import { signFlat } from "./test-signer.ts";

type Row = Readonly<Record<string, unknown>>;

/** A key to sign with. */
export interface SigningKey {
  readonly access_key: string;
  readonly secret_key: string;
}

/** Carries out an order that makes or changes one thing. */
export async function order(host: IdentityHost, what: AdminOrder): Promise<Row & { readonly id: string }> {
  const result = await orders(host, what);
  return result as Row & { readonly id: string };
}

/** Carries out an order, whatever it answers. */
export const orders = ({ deps, clock }: IdentityHost, what: AdminOrder): Promise<AdminResult> =>
  administer({ ...deps, now: () => clock.now }, what);

export const PASSWORD = "correct horse";

/** A user of the first domain with these roles in its project. */
export async function userWith(
  host: IdentityHost,
  name: string,
  ...roles: RoleName[]
): Promise<{ readonly id: string }> {
  const user = await order(host, { action: "user-create", name, password: PASSWORD });
  for (const role of roles)
    await order(host, { action: "role-grant", user: name, project: host.credentials.project_id, role });
  return user;
}

/** A new key of a user. */
export async function keyOf(host: IdentityHost, user: string): Promise<SigningKey> {
  return (await order(host, { action: "key-create", user })) as unknown as SigningKey;
}

/** Asks for a token of the first domain's project, or with the scope given. */
export const logIn = (
  host: IdentityHost,
  name: string,
  password: string,
  scope: unknown = { project: { id: host.credentials.project_id } },
): Promise<HttpResult> => {
  const identity = { methods: ["password"], password: { user: { name, password, domain: { name: "acct" } } } };
  return host.api(eventOf("POST", "/v3/auth/tokens", { body: { auth: { identity, scope } } }));
};

/** A token. @throws when none is given */
export async function tokenOf(host: IdentityHost, name: string, password = PASSWORD): Promise<string> {
  const result = await logIn(host, name, password);
  const token = result.headers["X-Subject-Token"];
  if (token === undefined) throw new Error(`no token: ${result.body}`);
  return token;
}

/** Sends a request, with a token or signed at the host's time. */
export function send(
  host: IdentityHost,
  method: string,
  target: string,
  {
    token,
    key,
    security,
    body,
    headers = {},
  }: {
    readonly token?: string;
    readonly key?: SigningKey;
    readonly security?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<HttpResult> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const date = new Date(host.clock.now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const signed = { host: "127.0.0.1:8700", "x-sdk-date": date };
  const toSign = { method, segments: target.split("/").slice(1), query: [], headers: signed, body: text };
  return host.api(
    eventOf(method, target, {
      headers: {
        ...(token !== undefined && { "x-auth-token": token }),
        ...(key !== undefined && { ...signed, authorization: signFlat(toSign, key.access_key, key.secret_key) }),
        ...(security !== undefined && { "x-security-token": security }),
        ...headers,
      },
      ...(body !== undefined && { body: text }),
    }),
  );
}

/** `[status, code]` of an answer; Keystone's code is its status. */
export function verdictOf(result: HttpResult): readonly [number, unknown] {
  const body = bodyOf<{ error_code?: string; error?: { code: number } } | null>(result);
  return [result.statusCode, body?.error_code ?? body?.error?.code];
}
