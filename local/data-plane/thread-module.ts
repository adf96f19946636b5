/** Where is a module that a thread starts from? */
import { extname } from "node:path";

/**
 * URL of the module `name` beside the one whose URL is `beside`. It has the same extension: `.ts` among the sources, `.mjs` in a bundle
 * (tools/bundle-cli.ts).
 */
export function threadModule(name: "io" | "worker", beside: string): URL {
  return new URL(`./${name}${extname(new URL(beside).pathname)}`, beside);
}
