/** What goes wrong between us and an NBD server, and how is it told? */

/**
 * `unreachable`: no connection came about. `unknown-export`: the server has none of that name. `refused`: it does not want this
 * client, or cannot do what is needed. `failed`: it answered a
 * request with an error (`code`). `lost`: the connection ended. `silent`: nothing came in time. `nonsense`: what came is not NBD.
 * `closed`: we closed it ourselves.
 */
export type NbdTrouble =
  | "unreachable"
  | "unknown-export"
  | "refused"
  | "failed"
  | "lost"
  | "silent"
  | "nonsense"
  | "closed";

/** Talking to an NBD server failed. After anything but `failed` the connection is gone. */
export class NbdError extends Error {
  override readonly name = "NbdError";
  readonly trouble: NbdTrouble;
  /** The errno name of a failed request. */
  readonly code: string | undefined;
  constructor(trouble: NbdTrouble, message: string, options?: ErrorOptions & { readonly code?: string }) {
    super(message, options);
    this.trouble = trouble;
    this.code = options?.code;
  }
}

/** What is not NBD: the server is broken, or it is no NBD server. */
export const nonsense = (message: string): NbdError => new NbdError("nonsense", message);

/** The errors a server may answer with ("Error values" of the specification). */
const ERRNO: ReadonlyMap<number, readonly [string, string]> = new Map([
  [1, ["EPERM", "operation not permitted"]],
  [5, ["EIO", "input/output error"]],
  [12, ["ENOMEM", "out of memory"]],
  [22, ["EINVAL", "invalid argument"]],
  [28, ["ENOSPC", "no space left"]],
  [75, ["EOVERFLOW", "value too large"]],
  [95, ["ENOTSUP", "not supported"]],
  [108, ["ESHUTDOWN", "the server is shutting down"]],
]);

/** The error of a request that the server answered with `errno` and perhaps a message of its own. */
export function failed(what: string, errno: number, said = ""): NbdError {
  const [code, meaning] = ERRNO.get(errno) ?? [`errno ${errno}`, "unknown error"];
  return new NbdError("failed", `${what} failed with ${code} (${said === "" ? meaning : said})`, { code });
}
