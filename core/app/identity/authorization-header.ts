/** What an Authorization header says: which dialect, whose key, which headers are signed. */
import { IdentityFailure } from "./principal.ts";

/** A parsed signature. `scoped` (gophertelekomcloud) derives its key from date, region and service; `flat` uses the secret as it is. */
export type Authorization = {
  readonly accessKey: string;
  /** As sent, joined by `;`. */
  readonly signedHeaders: string;
  /** 64 lower-case hex digits. */
  readonly signature: string;
} & (
  | { readonly dialect: "flat" }
  | { readonly dialect: "scoped"; readonly date: string; readonly region: string; readonly service: string }
);

const refuse = (message: string): never => {
  throw new IdentityFailure("unauthenticated", message);
};

/** Parses the header. @throws IdentityFailure naming what is malformed (nothing here depends on a secret) */
export function parseAuthorization(header: string): Authorization {
  const [algorithm = ""] = header.split(/\s/, 1);
  if (algorithm !== "SDK-HMAC-SHA256")
    refuse(`Authorization: ${algorithm.slice(0, 40)} is not supported; sign with SDK-HMAC-SHA256 or send X-Auth-Token`);
  const parameters = new Map<string, string>();
  for (const part of header.slice(algorithm.length).split(",")) {
    const [, name = "", value = ""] = /^\s*([A-Za-z]+)=(\S+)\s*$/.exec(part) ?? [];
    if (name === "" || parameters.has(name))
      refuse("Authorization: must be `SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`");
    parameters.set(name, value);
  }
  const signedHeaders = parameters.get("SignedHeaders") ?? refuse("Authorization: SignedHeaders is missing");
  if (!/^[a-z0-9-]+(;[a-z0-9-]+)*$/.test(signedHeaders))
    refuse("Authorization: SignedHeaders must be lower-case names joined by `;`");
  const signature = parameters.get("Signature") ?? refuse("Authorization: Signature is missing");
  if (!/^[0-9a-f]{64}$/.test(signature)) refuse("Authorization: Signature must be 64 lower-case hex digits");
  const access = parameters.get("Access");
  const credential = parameters.get("Credential");
  if (parameters.size !== 3 || (access === undefined) === (credential === undefined))
    refuse("Authorization: must name exactly Access or Credential, SignedHeaders and Signature");
  if (access !== undefined) return { dialect: "flat", accessKey: access, signedHeaders, signature };
  const [accessKey = "", date = "", region = "", service = "", end = "", ...more] = (credential ?? "").split("/");
  if (accessKey === "" || !/^\d{8}$/.test(date) || end !== "sdk_request" || more.length > 0)
    refuse("Authorization: Credential must be `<access key>/<YYYYMMDD>/<region>/<service>/sdk_request`");
  return { dialect: "scoped", accessKey, date, region, service, signedHeaders, signature };
}
