/** Copies of the tree that mutants are made in, so that nobody ever sees one in the tree itself. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutant.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What git would know of the tree as it stands now, with changes that are not committed yet. */
function files(): readonly string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { status, stdout, stderr } = spawnSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`git ls-files: ${stderr}`);
  return stdout.split("\0").filter((file) => file !== "" && existsSync(join(ROOT, file)));
}

/** Copies the tree into a new folder; packages are shared. */
export function copyTree(folder: string): void {
  for (const file of files()) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(folder, file));
  }
  symlinkSync(realpathSync(join(ROOT, "node_modules")), join(folder, "node_modules"));
}

/** The source as the mutant would have it. @throws when its text does not stand there exactly once */
export function mutate(source: string, { id, file, text, instead }: Mutant): string {
  const places = source.split(text);
  if (places.length !== 2) throw new Error(`${id}: its text stands ${places.length - 1} times in ${file}:\n${text}`);
  return places.join(instead);
}

/** The source of a mutant's file as it is. */
export const sourceOf = ({ file }: Mutant, folder = ROOT): string => readFileSync(join(folder, file), "utf8");

/** Makes the mutant in a copy of the tree while `work` runs. */
export async function withMutant<T>(folder: string, mutant: Mutant, work: () => Promise<T>): Promise<T> {
  const path = join(folder, mutant.file);
  const source = sourceOf(mutant, folder);
  writeFileSync(path, mutate(source, mutant));
  try {
    return await work();
  } finally {
    writeFileSync(path, source);
  }
}
