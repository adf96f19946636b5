/** How does an error of the file system become one of the object store? */
import { getSystemErrorMessage } from "node:util";
import { StoreFailed, StoreFull } from "../../../core/ports/object-store.ts";

/** The error's code, e.g. "ENOENT"; undefined for what is no error of the system. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Whether the error says that there is nothing under the path: no entry, or a file where a folder would have to be. */
export function isAbsence(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** StoreFull for a full disk or quota, StoreFailed with the system's own words for anything else. */
export function toStoreError(what: string, error: unknown): Error {
  const code = codeOf(error);
  if (error instanceof StoreFull || error instanceof StoreFailed) return error;
  const Failure = code === "ENOSPC" || code === "EDQUOT" ? StoreFull : StoreFailed;
  return new Failure(`${what}: ${textOf(error)}`, { cause: error });
}

/** The system's words for an error, without paths: "permission denied (EACCES)". */
export function textOf(error: unknown): string {
  const code = codeOf(error);
  const errno = (error as { readonly errno?: number } | undefined)?.errno;
  if (code === undefined || errno === undefined) return error instanceof Error ? error.message : String(error);
  return `${getSystemErrorMessage(errno)} (${code})`;
}
