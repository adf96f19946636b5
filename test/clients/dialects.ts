/** How do the clients that are not run here sign and spell a request? Header forms as seen on the wire (clients.md §2). */
import type { Credentials } from "../../local/credentials.ts";
import { signFlat, signScoped, type ToSign, targetOf } from "../api/kit/test-signer.ts";
import type { Answer } from "../support/vault-host.ts";

/** What a client sends of itself with each request. */
interface Dialect {
  readonly sign: typeof signFlat;
  /** Signed headers, besides x-sdk-date; names are lower case. */
  readonly signed: (url: URL, account: Credentials, body: string) => Readonly<Record<string, string>>;
  /** Headers that no signature covers. */
  readonly unsigned: (account: Credentials, body: string) => Readonly<Record<string, string>>;
}

const JSON_LOWER = "application/json;charset=utf-8";
const typed = (body: string, type: string) => (body === "" ? {} : { "content-type": type });

const DIALECTS = {
  GoSDK: {
    sign: signFlat,
    signed: (_, { project_id }) => ({ "user-agent": "huaweicloud-usdk-go/3.0", "x-project-id": project_id }),
    unsigned: () => ({ "content-type": "application/json;charset=UTF-8" }),
  },
  // Its look-up of the project goes out before the SDK's own headers are there.
  "GoSDK, project look-up": {
    sign: signFlat,
    signed: () => ({}),
    unsigned: () => ({ "content-type": JSON_LOWER }),
  },
  Gopher: {
    sign: signScoped,
    signed: ({ host }, _, body) => ({
      accept: "application/json",
      host,
      "user-agent": "golangsdk/2.0.0",
      ...typed(body, "application/json"),
    }),
    // With an account's name it names the domain, and no project.
    unsigned: ({ domain_id }) => ({ "x-domain-id": domain_id }),
  },
  "TF-HW": {
    sign: signFlat,
    signed: () => ({
      accept: "application/json",
      "content-type": "application/json",
      "user-agent": "terraform-provider-huaweicloud",
    }),
    unsigned: ({ project_id }) => ({ "x-project-id": project_id }),
  },
  "TF-HW, data source": {
    sign: signFlat,
    signed: () => ({
      accept: "application/json",
      "user-agent": "terraform-provider-huaweicloud",
      "x-language": "en-us",
    }),
    unsigned: ({ project_id }) => ({ "x-project-id": project_id }),
  },
  "TF-OTC": {
    sign: signScoped,
    signed: ({ host }, _, body) => ({
      accept: "application/json",
      host,
      "user-agent": "terraform-provider-opentelekomcloud",
      "x-language": "en-us",
      ...typed(body, "application/json"),
    }),
    unsigned: ({ project_id }) => ({ "x-project-id": project_id }),
  },
} as const satisfies Readonly<Record<string, Dialect>>;

export type ClientName = keyof typeof DIALECTS;
export const CLIENTS = Object.keys(DIALECTS) as ClientName[];

/** An answer, with the headers that clients read. */
export interface Told extends Answer {
  readonly headers: Headers;
}

/**
 * Sends one request as the client does, signed now. The clients' JSON ends in a newline.
 *
 * @param target path and query from the root; `{p}` is the project's id
 */
export async function sendAs(
  client: ClientName,
  account: Credentials,
  method: string,
  target: string,
  json?: object,
): Promise<Told> {
  const dialect: Dialect = DIALECTS[client];
  const base = new URL(account.url);
  const [path = "", query = ""] = target.replace("{p}", account.project_id).split("?");
  const body = json === undefined ? "" : `${JSON.stringify(json)}\n`;
  const signed = {
    ...dialect.signed(base, account, body),
    "x-sdk-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
  };
  const request: ToSign = {
    method,
    segments: path.split("/").slice(1),
    query: [...new URLSearchParams(query)],
    headers: signed,
    body,
  };
  const authorization = dialect.sign(request, account.access_key, account.secret_key);
  const { host: _, ...sent } = { host: "", ...dialect.unsigned(account, body), ...signed, authorization };
  const answer = await fetch(`${account.url}${targetOf(request)}`, {
    method,
    headers: sent,
    ...(body !== "" && { body }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
}
