/** A tiny client of the API for tests: signs in with the password, then sends JSON with its token. */
import type { Credentials } from "../../local/credentials.ts";

export interface Answer {
  readonly status: number;
  /** undefined without a body. */
  readonly body: unknown;
}

/** What tests read of the views; the service may give more. */
export interface VaultView {
  readonly id: string;
  readonly name: string;
  readonly billing: { readonly used: number; readonly status: string };
  readonly resources: readonly {
    readonly id: string;
    readonly protect_status: string;
    readonly backup_count: number;
  }[];
}
export interface BackupView {
  readonly id: string;
  readonly status: string;
  readonly vault_id: string;
  readonly resource_id: string;
  readonly checkpoint_id: string;
  readonly created_at: string;
}
export interface TaskView {
  readonly id: string;
  readonly status: string;
  readonly operation_type: string;
  readonly vault_id: string | null;
  readonly error_info: { readonly code: string; readonly message: string };
  readonly extra_info: { readonly common: { readonly progress: number } };
}

/** One project, signed in. Paths are below `/v3/{project}`. */
export interface ApiClient {
  /** Where a path is and what a request for it carries, for who sends it by other means. */
  signed(path: string): { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** Whatever the answer is. @throws when no answer comes (the connection was cut) */
  ask(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<Answer>;
  /** The body of a 2xx answer. @throws with the answer's text for any other */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  delete(path: string): Promise<void>;
}

/** @throws when the service refuses the password */
export async function signIn(credentials: Credentials): Promise<ApiClient> {
  const { url, user_name, domain_name, password, project_id } = credentials;
  const user = { name: user_name, domain: { name: domain_name }, password };
  const auth = { identity: { methods: ["password"], password: { user } }, scope: { project: { id: project_id } } };
  const signedIn = await fetch(`${url}/v3/auth/tokens`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ auth }),
  });
  const token = signedIn.headers.get("x-subject-token");
  if (token === null) throw new Error(`cannot sign in: ${signedIn.status} ${await signedIn.text()}`);

  const signed: ApiClient["signed"] = (path) => ({
    url: `${url}/v3/${project_id}${path}`,
    headers: { "X-Auth-Token": token },
  });
  const ask: ApiClient["ask"] = async (method, path, body) => {
    const { url, headers } = signed(path);
    const answer = await fetch(url, {
      method,
      headers: { ...headers, ...(body !== undefined && { "Content-Type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  };
  const succeed = async <T>(...request: Parameters<typeof ask>): Promise<T> => {
    const { status, body } = await ask(...request);
    if (status < 200 || status > 299)
      throw new Error(`${request[0]} ${request[1]} answered ${status}: ${JSON.stringify(body)}`);
    // Tests fail at the first member that is not there.
    return body as T;
  };
  return {
    signed,
    ask,
    get: (path) => succeed("GET", path),
    post: (path, body) => succeed("POST", path, body),
    delete: (path) => succeed("DELETE", path),
  };
}
