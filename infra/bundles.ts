/** What code does each function get? One bundle per entry, made here by esbuild: no network, no Docker, no cache of npm. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type KeptFiles, keepFiles } from "../tools/kept-files.ts";
import { lighter } from "./lighter.ts";
import { ROOT } from "./root.ts";

/** Of JavaScript in one function; larger ones start slowly. All clients of the AWS SDK that we use, together, are 1.6 MB. */
const LARGEST_BUNDLE = 1_500_000;

/** The small runtime that task functions run under on emulated AWS. */
const BOOTSTRAP = "test/support/emulators/bootstrap";
/** Bundles of earlier versions are left to `npm ci`, which empties the folder. */
const CACHE = "node_modules/.cache/holdfast-bundles/";

export interface Bundle {
  /** Folder to zip: `index.mjs`, which exports `handler`, and the licences of what is in it. */
  readonly folder: string;
  /** Puts `bootstrap` beside them. */
  readonly withBootstrap: () => string;
  /** Bytes of `index.mjs`. */
  readonly size: number;
}

/** A bundle is larger than a function may be; the message names the largest inputs. */
class BundleTooLarge extends Error {
  override readonly name = "BundleTooLarge";
}

/**
 * Bundles these modules (paths from the root of the repository). The same sources give the same bytes in the same folder, so
 * a diff of an unchanged tree is empty, and several builds at once do not disturb each other.
 * @throws BundleTooLarge
 */
export async function bundle(entries: readonly string[]): Promise<ReadonlyMap<string, Bundle>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: entries.map((entry) => ({ in: entry, out: outName(entry) })),
    outdir: "out",
    outExtension: { ".js": ".mjs" },
    write: false,
    bundle: true,
    metafile: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    legalComments: "external",
    // The native addon stays out: BLAKE3 is WebAssembly there (core/engine/blake3.ts).
    external: ["@napi-rs/blake-hash"],
    // CommonJS packages inside an ES module ask for `require`.
    banner: { js: 'import{createRequire as $cr}from"node:module";const require=$cr(import.meta.url);' },
    plugins: [lighter],
    logLevel: "error",
  });
  const outputs = new Map(outputFiles.map((file) => [basename(file.path), file]));
  return new Map(
    entries.map((entry) => {
      const code = outputs.get(`${outName(entry)}.mjs`);
      if (code === undefined) throw new Error(`esbuild made nothing of ${entry}`);
      const size = code.contents.byteLength;
      if (size > LARGEST_BUNDLE) {
        const inputs = metafile.outputs[`out/${outName(entry)}.mjs`]?.inputs ?? {};
        throw new BundleTooLarge(`${entry}: ${size} bytes, at most ${LARGEST_BUNDLE}; largest: ${largest(inputs)}`);
      }
      const licences = outputs.get(`${outName(entry)}.mjs.LEGAL.txt`)?.contents;
      const files = { "index.mjs": code.contents, ...(licences && { "LICENCES.txt": licences }) };
      const keep = (more: KeptFiles) => keepFiles(fileURLToPath(new URL(CACHE, ROOT)), { ...files, ...more });
      const bootstrap = () => readFileSync(new URL(BOOTSTRAP, ROOT));
      return [entry, { folder: keep({}), withBootstrap: () => keep({ bootstrap: bootstrap() }), size }];
    }),
  );
}

/** `functions/aws/tasks/a.ts` → `functions-aws-tasks-a`. */
const outName = (entry: string): string => entry.replace(/\.ts$/, "").replaceAll("/", "-");

/** The packages that weigh most. */
function largest(inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>): string {
  const sums = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? "our own code";
    sums.set(name, (sums.get(name) ?? 0) + bytesInOutput);
  }
  const first = [...sums].sort(([, a], [, b]) => b - a).slice(0, 5);
  return first.map(([name, bytes]) => `${name} ${bytes}`).join(", ");
}
