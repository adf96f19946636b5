/** Are bundles made lighter without changing what the code means? */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { keyedHash } from "../../core/engine/blake3.ts";
import { lighter, literalKeys } from "../../infra/lighter.ts";

test("a constant key is written in its place; anything else is left as it is", () => {
  const source = 'const _a = "Address";\nconst _n = 3;\nexport var X$ = [3, { [_a]: _a, [_n]: 1, [_z]: 2 }];\n';
  expect(literalKeys(source)).toBe(
    'const _a = "Address";\nconst _n = 3;\nexport var X$ = [3, { "Address": _a, [_n]: 1, [_z]: 2 }];\n',
  );
});

/** Runs a module made of `code` after bundling it, without what bundles leave out. */
async function bundled(code: string): Promise<{ readonly result: unknown; readonly size: number }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bundle-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: import.meta.dirname, loader: "ts" },
      write: false,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      target: "node24",
      mainFields: ["module", "main"],
      external: ["@napi-rs/blake-hash"],
      plugins: [lighter],
      banner: { js: 'import{createRequire as $cr}from"node:module";const require=$cr(import.meta.url);' },
    });
    const [output] = outputFiles;
    const file = join(folder, "index.mjs");
    writeFileSync(file, output?.contents ?? "");
    const { result } = (await import(pathToFileURL(file).href)) as { result: unknown };
    return { result, size: output?.contents.byteLength ?? 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("BLAKE3 of a bundle gives the ids that the addon gives", async () => {
  const { result } = await bundled(`
    import { keyedHash } from "../../core/engine/blake3.ts";
    export const result = (await keyedHash(Buffer.alloc(32, 7), "wasm"))(Buffer.from("block")).toString("hex");`);
  expect(result).toBe((await keyedHash(Buffer.alloc(32, 7), "auto"))(Buffer.from("block")).toString("hex"));
});

test("a client of the AWS SDK writes and reads the same as before, in a tenth of the size", async () => {
  const { result, size } = await bundled(`
    import { DescribeVolumesCommand, EC2Client } from "@aws-sdk/client-ec2";
    let sent = "";
    const requestHandler = { handle: async (request: { body: string }) => {
      sent = request.body;
      const body = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><size>8</size></item></volumeSet></DescribeVolumesResponse>";
      return { response: { statusCode: 200, headers: { "content-type": "text/xml" }, body: new TextEncoder().encode(body) } };
    } };
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const ec2 = new EC2Client({ region: "eu-west-1", credentials, requestHandler: requestHandler as never });
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters: [{ Name: "size", Values: ["8"] }] }));
    export const result = { sent, Volumes };`);
  expect(result).toEqual({
    sent: expect.stringMatching(/Action=DescribeVolumes.*Filter\.1\.Name=size.*Filter\.1\.Value\.1=8/),
    Volumes: [{ VolumeId: "vol-1", Size: 8 }],
  });
  // 0.86 MB without.
  expect(size).toBeLessThan(450_000);
});

test("a refusal of zod in a bundle is told in English", async () => {
  const { result } = await bundled(`
    import { z } from "zod";
    export const result = z.object({ size: z.number() }).safeParse({ size: "x" }).error?.issues[0]?.message;`);
  expect(result).toBe("Invalid input: expected number, received string");
});
