/**
 * Puts the code of `holdfast store` and of its threads into a few files: `npm ci` and `npm run bundle` do it. Each thread would load some
 * hundred modules otherwise, which is a third of the time of a backup that stores little. cli/bin.js starts the bundle as long as every
 * source is the one that it was made of, and the sources themselves after an edit.
 */
import { renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { keepFiles } from "./kept-files.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** cli/bin.js knows this folder, and what `bundle.json` in it says. */
const CACHE = join(ROOT, "node_modules/.cache/holdfast-cli");

/** What `bundle.json` says. */
interface BundleFacts {
  /** Folder below CACHE; `main.mjs` is the command line. */
  readonly folder: string;
  /** Sources by their paths from the root: bytes, and milliseconds since 1970 of the last change. */
  readonly sources: Readonly<Record<string, readonly [size: number, mtimeMs: number]>>;
}

/** Makes the bundle of the sources as they are. @returns its folder; undefined without esbuild (`npm ci --omit=dev`) */
export async function bundleCli(): Promise<string | undefined> {
  const esbuild = await import("esbuild").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    return undefined;
  });
  if (esbuild === undefined) return undefined;
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    // Side by side, as local/data-plane/thread-module.ts looks for them.
    entryPoints: [
      { in: "cli/main.ts", out: "main" },
      { in: "local/data-plane/worker.ts", out: "worker" },
      { in: "local/data-plane/io.ts", out: "io" },
    ],
    outdir: "out",
    outExtension: { ".js": ".mjs" },
    write: false,
    metafile: true,
    bundle: true,
    // What a command does not need stays in files that it does not load.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    packages: "external",
    logLevel: "error",
  });
  const folder = keepFiles(CACHE, Object.fromEntries(outputFiles.map((file) => [basename(file.path), file.contents])));
  const sources = Object.keys(metafile.inputs).map((path) => {
    const { size, mtimeMs } = statSync(join(ROOT, path));
    return [path, [size, mtimeMs]] as const;
  });
  const facts: BundleFacts = { folder: basename(folder), sources: Object.fromEntries(sources) };
  const fresh = join(CACHE, `bundle-${process.pid}.tmp`);
  writeFileSync(fresh, JSON.stringify(facts));
  renameSync(fresh, join(CACHE, "bundle.json"));
  return folder;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = await bundleCli();
  if (folder === undefined)
    console.error("esbuild is not installed: holdfast store starts from its sources, a little slower");
}
