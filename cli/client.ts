/** How does a command call the API? Signed JSON requests, errors as exceptions, lists page by page. */
import type { Connection } from "./connection.ts";
import { ApiError, CommandFailed, ServiceUnreachable } from "./failure.ts";
import { sign } from "./signing.ts";

/** A row of an answer: checked where it is used, because the service may be newer than this program. */
export type Row = Readonly<Record<string, unknown>>;
/** Query parameters; undefined ones are left out. */
export type QueryParameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** Longer than any answer of the service takes: it starts long work and answers at once. */
const ANSWER_MS = 60_000;
/** Rows a page (cbr-api §2.6: 1 to 1000; protectables 50). */
const PAGE_ROWS = 1000;
const PROTECTABLES_PAGE_ROWS = 50;

/** One project of one service. */
export interface Client {
  readonly projectId: string;
  /** GET `/v3/{project}` + path. @throws ApiError, ServiceUnreachable */
  get(path: string, query?: QueryParameters): Promise<Row>;
  send(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<Row>;
  /** All rows of a list, page by page; `key` is the member that holds them. */
  list(path: string, key: string, query?: QueryParameters): Promise<Row[]>;
}

/** @throws ApiError when the key is refused; CommandFailed when it belongs to more than one project */
export async function connect(connection: Connection): Promise<Client> {
  const projectId = connection.projectId ?? (await onlyProject(connection));
  const base = `/v3/${projectId}`;
  const get: Client["get"] = (path, query = {}) => call(connection, projectId, "GET", `${base}${path}${search(query)}`);
  return {
    projectId,
    get,
    send: (method, path, body) => call(connection, projectId, method, `${base}${path}`, body),
    async list(path, key, query = {}) {
      const limit = path.startsWith("/protectables/") ? PROTECTABLES_PAGE_ROWS : PAGE_ROWS;
      const rows: Row[] = [];
      for (;;) {
        const page = rowsOf(await get(path, { ...query, limit, offset: rows.length }), key);
        rows.push(...page);
        // A short page is the last one; asking again would only cost a request.
        if (page.length < limit) return rows;
      }
    },
  };
}

/** POST to a path that is about no project. @throws ApiError, ServiceUnreachable */
export const sendToAccount = (connection: Connection, path: string, body: object): Promise<Row> =>
  call(connection, undefined, "POST", path, body);

async function onlyProject(connection: Connection): Promise<string> {
  const projects = rowsOf(await call(connection, undefined, "GET", "/v3/auth/projects"), "projects");
  const [first, second] = projects.map((project) => project.id);
  if (second !== undefined)
    throw new CommandFailed(`this access key can use ${projects.length} projects: name one in HOLDFAST_PROJECT_ID`);
  if (typeof first !== "string") throw new CommandFailed("this access key can use no project");
  return first;
}

/** The rows in member `key` of an answer. @throws CommandFailed when it is not there: that is no CBR service */
export function rowsOf(answer: Row, key: string): Row[] {
  const rows = answer[key];
  if (!Array.isArray(rows)) throw new CommandFailed(`the service's answer has no list "${key}"`);
  return rows as Row[];
}

/** The object in member `key` of an answer. @throws CommandFailed when it is not there */
export function rowOf(answer: Row, key: string): Row {
  const row = answer[key];
  if (typeof row !== "object" || row === null) throw new CommandFailed(`the service's answer has no object "${key}"`);
  return row as Row;
}

function search(query: QueryParameters): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.append(key, String(value));
  return given.size === 0 ? "" : `?${given}`;
}

async function call(
  connection: Connection,
  projectId: string | undefined,
  method: string,
  target: string,
  body?: unknown,
): Promise<Row> {
  const url = new URL(target, connection.url);
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = sign(
    {
      method,
      url,
      headers: {
        "content-type": "application/json",
        ...(projectId === undefined ? {} : { "x-project-id": projectId }),
      },
      body: text,
    },
    connection,
    Date.now(),
  );
  let response: Response;
  let answer: string;
  try {
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(ANSWER_MS), redirect: "error" };
    response = await fetch(url, text === "" ? init : { ...init, body: text });
    answer = await response.text();
  } catch (error) {
    throw new ServiceUnreachable(connection.url, error);
  }
  const value = parse(answer);
  if (response.ok) return value ?? {};
  throw apiError(response, value, answer);
}

function parse(text: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Row) : undefined;
  } catch {
    return undefined;
  }
}

/** Errors come as {error_code, error_msg}, and from the identity calls as {error: {code, message}}. */
function apiError(response: Response, value: Row | undefined, text: string): ApiError {
  const nested = typeof value?.error === "object" && value.error !== null ? (value.error as Row) : undefined;
  const code = value?.error_code ?? "";
  const message = value?.error_msg ?? nested?.message ?? (text.trim().slice(0, 200) || response.statusText);
  const requestId = response.headers.get("x-request-id") ?? undefined;
  return new ApiError(response.status, String(code), String(message), requestId);
}
