/** Which workflow files are there? */
import { readdirSync, readFileSync } from "node:fs";
import { ROOT } from "../root.ts";

const SUFFIX = ".asl.json";

/** The very files that the other host runs, by workflow. */
export function workflowSources(): Readonly<Record<string, string>> {
  const folder = new URL("workflows/", ROOT);
  const names = readdirSync(folder).filter((file) => file.endsWith(SUFFIX));
  return Object.fromEntries(
    names.sort().map((file) => [file.slice(0, -SUFFIX.length), readFileSync(new URL(file, folder), "utf8")]),
  );
}
