/** Reads the workflow definitions from their folder. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { WorkflowName } from "../../../core/ports/workflows.ts";
import type { AslDefinition } from "./definition.ts";

const SUFFIX = ".asl.json";

/**
 * Every `<name>.asl.json` of a folder, parsed as JSON and by its name. What they mean is checked where they are used.
 * @throws the file system's error, or SyntaxError for a file that is not JSON
 */
export async function loadDefinitions(folder: string): Promise<Partial<Record<WorkflowName, AslDefinition>>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(SUFFIX));
  const entries = files.map(async (file) => {
    return [file.slice(0, -SUFFIX.length), JSON.parse(await readFile(join(folder, file), "utf8"))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
