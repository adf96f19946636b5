/** What an agent and its paths may be called, and how many paths one may have (AGT-01, AGT-02, AGT-04). */

/** 7407 exists, its number is unpublished (S-9): an agent and all its paths fit into one transaction of the store. */
export const MAX_PATHS = 40;
/** Paths left out below one path; unpublished as well, and for the same reason. */
export const MAX_EXCLUDED = 10;
/** AGT-04: bytes of UTF-8. */
const LONGEST_PATH = 4096;

/** Agents choose their ids at installation; any text that may stand in a key. */
export const isAgentId = (id: string): boolean => /^[A-Za-z0-9._:-]{1,64}$/.test(id);

/** Letters and digits of any script, blanks, and the special characters that AGT-04 lists. */
const PART = /^[\p{L}\p{N}\p{M} ._~`!@$%^()=\-+,;]*$/u;

/** What is wrong with a path, or undefined: absolute, as Unix or Windows writes it, in allowed characters. */
export function pathProblem(path: string): string | undefined {
  if (new TextEncoder().encode(path).length > LONGEST_PATH) return `must be at most ${LONGEST_PATH} bytes long`;
  const windows = /^[A-Za-z]:\\/.test(path);
  if (!windows && !path.startsWith("/")) return "must be absolute: `/…` or `C:\\…`";
  const parts = windows ? path.slice(3).split("\\") : path.split("/");
  if (!parts.every((part) => PART.test(part)))
    return "must have letters, digits, blanks and `._~!@$%^()=-+,;` or backquotes only between its separators";
  return parts.includes("..") ? "must not contain `..`" : undefined;
}

/** Does `path` lie below `above`? */
export function liesBelow(path: string, above: string): boolean {
  const separator = above.startsWith("/") ? "/" : "\\";
  return path.startsWith(above.endsWith(separator) ? above : above + separator) && path !== above;
}
