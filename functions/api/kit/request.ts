/** What a handler gets and gives: a request that is authenticated, routed and parsed, and a plain answer. */
import type { Principal } from "../../../core/app/identity/principal.ts";
import type { Caller } from "../../../core/app/services.ts";
import type { Profile } from "../../../core/domain/profile.ts";
import type { Action } from "../../../core/domain/roles.ts";
import type { Query } from "./query.ts";

/** A request after authentication, project check, routing and JSON parsing. */
export interface ApiRequest {
  /** Row of the operation table: its number in the CBR contract, or a name of ours. */
  readonly op: number | string;
  /** From the path; one of the caller's projects. Empty on routes without a project. */
  readonly projectId: string;
  /** Who asks, as use cases want it: this project, the user, this request. */
  readonly caller: Caller;
  /** Who asks, with account and reach; undefined only on routes with `auth: "none"`. For the identity endpoints. */
  readonly principal: Principal | undefined;
  /** Path parameters by template name, percent-decoded, never empty, at most 255 characters. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Whose switches decide what is refused. */
  readonly profile: Profile;
  /** The parsed JSON object of POST and PUT; undefined otherwise. Give it to `parseBody`. */
  readonly body: unknown;
  /** Names in lower case. For the identity endpoints; a CBR handler needs none. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestId: string;
  readonly sourceIp: string;
  /** Scheme and host as the client used them, no slash at the end, e.g. `http://127.0.0.1:8700`. */
  readonly url: string;
}

/** An answer. `body` is sent as JSON; `text` is sent as it is, with the Content-Type named in `headers`. */
export interface ApiResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
}

/** One operation of the API: parse, one use case, one view. Refusals are thrown (Fault, IdentityFailure). */
export type Handler<Services> = (request: ApiRequest, services: Services) => Promise<ApiResponse>;

/**
 * `project`: the path's project must be the caller's, with a right to each of the route's actions. `account`: any caller.
 * `operator`: the first user. `none`: answered without credentials.
 */
export type AuthKind = "none" | "project" | "account" | "operator";

/** A row of the route table. Templates are `/`-separated; `{name}` takes exactly one segment. */
export interface Route<Services> {
  readonly op: number | string;
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly auth: AuthKind;
  /** What the caller must be allowed in the project; for `project` only. */
  readonly actions?: readonly Action[];
  /** Absent: the operation is known, and answers 501 after authentication and permission. */
  readonly handler?: Handler<Services>;
}
