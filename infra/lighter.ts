/** How do bundles get rid of what no function uses? Three packages keep more than they need from being left out by esbuild. */
import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

/** `const _t = "…";` */
const CONSTANT = /^const (_\w*) = ("[^"\\\n]*");$/gm;
/** `[_t]:` in an object. */
const COMPUTED_KEY = /\[(_\w*)\]:/g;

/**
 * The AWS SDK describes each shape of a service by an array whose objects have computed keys. Computing a key could do
 * something, so esbuild keeps all shapes of the service (EC2: 540 kB, of which we use a tenth). With the constant written
 * in its place the array is a literal, and goes when nothing uses it.
 */
export function literalKeys(source: string): string {
  const values = new Map(Array.from(source.matchAll(CONSTANT), ([, name, value]) => [name, value]));
  return source.replace(COMPUTED_KEY, (key, name: string) => {
    const value = values.get(name);
    return value === undefined ? key : `${value}:`;
  });
}

/** For esbuild's `plugins`. */
export const lighter: Plugin = {
  name: "lighter",
  setup({ onLoad, onResolve, resolve }) {
    onLoad({ filter: /@aws-sdk[/\\]client-[a-z0-9-]+[/\\]dist-es[/\\]schemas[/\\]schemas_\d+\.js$/ }, ({ path }) => ({
      contents: literalKeys(readFileSync(path, "utf8")),
      loader: "js",
    }));
    // zod's messages in fifty languages, 264 kB: its namespace `z` holds them. English comes in by another way.
    onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({ contents: "export {};", loader: "js" }));
    // Every hash of hash-wasm in one file, 217 kB; the same package has BLAKE3 alone, 22 kB.
    onResolve({ filter: /^hash-wasm$/ }, ({ resolveDir }) =>
      resolve("hash-wasm/dist/blake3.umd.min.js", { resolveDir, kind: "import-statement" }),
    );
  },
};
