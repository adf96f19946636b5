/** Does the hash work in a bundle that is deployed without its native addon? */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { keyedHash } from "../../core/engine/blake3.ts";

/** Tells the id, and whether the addon loads. */
const ENTRY = `
import { keyedHash } from "./blake3.ts";
const key = Buffer.alloc(32, 5);
const id = (await keyedHash(key))(Buffer.from("some bytes")).toString("hex");
const addon = await keyedHash(key, "native").then(() => "loads", (error) => error.code);
console.log(JSON.stringify({ id, addon }));
`;

it("a bundle without the addon falls back to WebAssembly and gives the same ids", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-bundle-"));
  try {
    const outfile = join(folder, "index.mjs");
    await build({
      stdin: { contents: ENTRY, resolveDir: join(import.meta.dirname, "../../core/engine"), loader: "ts" },
      outfile,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      target: "node24",
      mainFields: ["module", "main"],
      external: ["@napi-rs/blake-hash"],
    });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile], { cwd: folder });
    const native = await keyedHash(Buffer.alloc(32, 5), "native");
    expect(JSON.parse(stdout)).toEqual({
      id: native(Buffer.from("some bytes")).toString("hex"),
      addon: "ERR_MODULE_NOT_FOUND",
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
