/** The API as one function from event to answer: route, authenticate, check permission, parse, handle, map refusals. */
import type { Authenticate } from "../../../core/app/identity/authenticate.ts";
import { checkActions, IdentityFailure, type Principal } from "../../../core/app/identity/principal.ts";
import { badField, Fault } from "../../../core/domain/fault.ts";
import { PROFILES, type Profile } from "../../../core/domain/profile.ts";
import { toResult } from "./answer.ts";
import { bodyBytes, type HttpEvent, type HttpResult } from "./event.ts";
import { Query } from "./query.ts";
import type { ApiResponse, Route } from "./request.ts";
import { type Match, router } from "./router.ts";
import { faultAnswer, gatewayAnswer, keystoneAnswer, refusal, speaksKeystone } from "./wire-errors.ts";

/** What the API needs of its host. */
export interface ApiOptions<Services> {
  readonly services: Services;
  readonly routes: readonly Route<Services>[];
  readonly authenticate: Authenticate;
  readonly newId: () => string;
  /** Told of defects only: an error that is not a refusal, with its stack. Never given a header, a query or a body. */
  readonly log: (line: { readonly level: "error"; readonly text: string } & Record<string, unknown>) => void;
  /** For tests: is what the handler gave or refused with, and what it read of the query, as the contract says? Throws when not. */
  readonly inspect?: (operation: string, answer: ApiResponse, asked: ReadonlySet<string>) => void;
  /** Scheme when no proxy names one in X-Forwarded-Proto. */
  readonly scheme: "http" | "https";
  /** Scheme and host that answers shall name, when the Host header is not to be trusted for that. */
  readonly publicUrl?: string;
  /** Default: huawei's. */
  readonly profile?: Profile;
}

/** 1 MiB: several times the largest request of the contract (256 resources with all their members). */
export const LARGEST_BODY = 1024 * 1024;
/** Longer than any id or name in the contract; keeps keys of records within their limits. */
const LONGEST_PARAMETER = 255;

/** Builds the handler; it never throws. Every answer, refusals too, carries X-Request-Id. */
export function createApi<S>(options: ApiOptions<S>): (event: HttpEvent) => Promise<HttpResult> {
  const match = router(options.routes);
  return async (event) => {
    const requestId = requestIdOf(event, options.newId);
    try {
      return await toResult(event, requestId, await answer(options, match, event, requestId));
    } catch (error) {
      return toResult(event, requestId, failureAnswer(options, event, requestId, error));
    }
  };
}

async function answer<S>(
  options: ApiOptions<S>,
  match: (method: string, rawPath: string) => Match<S>,
  event: HttpEvent,
  requestId: string,
): Promise<ApiResponse> {
  const { method, sourceIp } = event.requestContext.http;
  const found = match(method, event.rawPath);
  const body = bodyBytes(event);
  if (body.length > LARGEST_BODY) badField("body", "must be at most 1 MiB");
  const isOpen = found.kind === "found" && found.route.auth === "none";
  const principal = isOpen ? undefined : await options.authenticate({ ...event, method, body });
  if (found.kind === "unknown") return refusal(404, "APIGW.0101", `there is no API at ${method} ${event.rawPath}`);
  if (found.kind === "method") {
    const Allow = found.allowed.join(", ");
    const told = refusal(405, "APIGW.0101", `${method} is not possible here, only ${Allow}`);
    return { ...told, headers: { Allow } };
  }
  const { route, path } = found;
  const projectId = permittedProject(route, event, principal, path.project_id);
  const long = Object.entries(path).find(([, value]) => value.length > LONGEST_PARAMETER);
  if (long !== undefined) badField(long[0], `must be at most ${LONGEST_PARAMETER} characters`);
  if (route.handler === undefined) return notBuilt(route);
  const request = {
    op: route.op,
    projectId,
    caller: { projectId, userId: principal?.userId ?? "", requestId },
    principal,
    path,
    query: new Query(event.rawQueryString),
    profile: options.profile ?? PROFILES.huawei,
    body: method === "POST" || method === "PUT" ? jsonObject(body) : undefined,
    headers: event.headers,
    requestId,
    sourceIp,
    url: options.publicUrl ?? urlOf(event, options.scheme),
  };
  try {
    const answered = await route.handler(request, options.services);
    options.inspect?.(route.name, answered, request.query.asked);
    return answered;
  } catch (error) {
    if (error instanceof Fault) options.inspect?.(route.name, faultAnswer(error), request.query.asked);
    throw error;
  }
}

/** The project that it is about, empty without one; the caller may do what the route does. @throws IdentityFailure forbidden */
function permittedProject<S>(
  { auth, actions = [] }: Route<S>,
  event: HttpEvent,
  principal: Principal | undefined,
  named: string | undefined,
): string {
  if (auth === "operator" && !principal?.operator)
    throw new IdentityFailure("forbidden", "only the first user administrates accounts");
  if (auth !== "project") return "";
  const projectId = projectOf(event, principal, named);
  if (principal !== undefined) checkActions(principal, projectId, actions);
  return projectId;
}

/** The path's project, if it is the caller's and the one that X-Project-Id names. X-Domain-Id is not compared (clients.md §2). */
function projectOf(event: HttpEvent, principal: Principal | undefined, projectId = ""): string {
  if (!principal?.projectIds.includes(projectId))
    throw new IdentityFailure("forbidden", "the project in the path is not the caller's");
  const hint = event.headers["x-project-id"]?.trim();
  if (hint !== undefined && hint !== "" && hint !== projectId)
    throw new IdentityFailure("forbidden", "X-Project-Id names another project than the path");
  return projectId;
}

const notBuilt = <S>({ name, method, path }: Route<S>): ApiResponse =>
  refusal(501, "BackupService.9910", `${name} (${method} ${path}) is not built yet in this version of Holdfast`);

/** Every POST and PUT of the contract takes an object. @throws Fault 9900 */
function jsonObject(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    badField("body", bytes.length === 0 ? "is missing: must be a JSON object" : "must be JSON in UTF-8");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) badField("body", "must be a JSON object");
  return value;
}

function failureAnswer<S>(options: ApiOptions<S>, event: HttpEvent, requestId: string, error: unknown): ApiResponse {
  const isAuth = speaksKeystone(event.rawPath);
  if (error instanceof IdentityFailure) return isAuth ? keystoneAnswer(error) : gatewayAnswer(error);
  if (error instanceof Fault)
    return isAuth ? keystoneAnswer(new IdentityFailure("bad-request", error.detail)) : faultAnswer(error);
  const { method } = event.requestContext.http;
  const stack = error instanceof Error ? error.stack : String(error);
  options.log({ level: "error", text: "request failed", requestId, method, path: event.rawPath, stack });
  return refusal(500, "BackupService.9910", `internal error, request ${requestId}`);
}

/** The client's own id when it is harmless, so that its log and ours can be joined. */
function requestIdOf(event: HttpEvent, newId: () => string): string {
  const given = event.headers["x-request-id"];
  return given !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(given) ? given : newId();
}

/** Clients call exactly what the catalogue says, so it must say the host that they used. @throws Fault 9900 */
function urlOf(event: HttpEvent, scheme: string): string {
  const forwarded = event.headers["x-forwarded-proto"];
  const host = event.headers.host ?? "";
  if (!/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(host))
    badField("Host", "must be a host name with an optional port");
  return `${forwarded === "https" || forwarded === "http" ? forwarded : scheme}://${host}`;
}
