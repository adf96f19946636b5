/**
 * Puts the code of `holdfast store` and of its threads into a few files: `npm ci` (tools/prepare.js) and `npm run bundle` do it. Each thread
 * would load some hundred modules otherwise, which is a third of the time of a backup that stores little. cli/bin.js starts the bundle as
 * long as the sources hold, byte for byte, what it was made of, and else the sources themselves (docs/adr/0012).
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { keepFiles } from "./kept-files.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** cli/bin.js knows this folder, and what `bundle.json` in it says. */
const CACHE = join(ROOT, "node_modules/.cache/holdfast-cli");
/** From a bundle's folder to the root. */
const UP = "../../../../";

/** What `bundle.json` says. */
interface BundleFacts {
  /** Folder below CACHE; `main.mjs` in it is the command line. */
  readonly folder: string;
  /** Its files, with their sizes in bytes. */
  readonly files: Readonly<Record<string, number>>;
  /** What it was made of: paths from the root, in order. */
  readonly sources: readonly string[];
  /** SHA-256 (hex) of path, length and bytes of each, one after the other. */
  readonly digest: string;
}

/** Makes the bundle of the sources as they are. @returns its folder */
export async function bundleCli(): Promise<string> {
  const sources = new Map<string, Buffer>();
  const { outputFiles } = await build({
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
    bundle: true,
    // What a command does not need stays in files that it does not load.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    packages: "external",
    plugins: [reading(sources)],
    logLevel: "silent",
  });
  const files = Object.fromEntries(outputFiles.map((file) => [basename(file.path), file.contents]));
  const folder = keepFiles(CACHE, files);
  const paths = [...sources.keys()].toSorted();
  const digest = createHash("sha256");
  for (const path of paths) {
    const bytes = sources.get(path) as Buffer;
    digest.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  const facts: BundleFacts = {
    folder: basename(folder),
    files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.length])),
    sources: paths,
    digest: digest.digest("hex"),
  };
  const fresh = join(CACHE, `bundle-${process.pid}.tmp`);
  writeFileSync(fresh, JSON.stringify(facts), { flush: true });
  renameSync(fresh, join(CACHE, "bundle.json"));
  return folder;
}

/** Gives esbuild each source, and keeps the very bytes: a file that is edited meanwhile is not taken for what was bundled. */
function reading(sources: Map<string, Buffer>): Plugin {
  return {
    name: "reading",
    setup({ onLoad, onResolve }) {
      // Help and mistakes are commander's, with the commands of everything else: those stay sources.
      onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: `${UP}cli/program.ts`, external: true }));
      onLoad({ filter: /\.(ts|json)$/ }, ({ path }) => {
        const bytes = readFileSync(path);
        sources.set(relative(ROOT, path), bytes);
        return { contents: bytes, loader: path.endsWith(".json") ? "json" : "ts" };
      });
    },
  };
}

if (import.meta.main) await bundleCli();
