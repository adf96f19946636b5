/** Does the key file keep the promises of a key service, and is it refused when it is missing, foreign or exposed? */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createKeyFile, createKeyFileIfAbsent } from "../../../adapters/local/key-file.ts";
import { keyServiceContract } from "../../contracts/key-service.ts";

const newFolder = () => mkdtempSync(join(tmpdir(), "holdfast-key-"));

keyServiceContract("key file", async () => {
  const folder = newFolder();
  const open = (name: string) => {
    const path = join(folder, name);
    createKeyFileIfAbsent({ path });
    return createKeyFile({ path });
  };
  return {
    keys: open("key"),
    reopen: async () => open("key"),
    other: async () => open("other"),
    dispose: async () => rmSync(folder, { recursive: true }),
  };
});

describe("the key file", () => {
  const newPath = () => {
    const folder = newFolder();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return join(folder, "key");
  };
  const using = (path: string) => () => createKeyFile({ path });

  test("is made once, for its owner only, and nothing else stays beside it", () => {
    const path = newPath();
    expect(createKeyFileIfAbsent({ path })).toBe("created");
    const key = readFileSync(path, "utf8");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(createKeyFileIfAbsent({ path })).toBe("exists");
    expect(readFileSync(path, "utf8")).toBe(key);
    expect(readdirSync(join(path, ".."))).toEqual(["key"]);
  });

  test("two new keys differ", () => {
    const [one, two] = [newPath(), newPath()];
    createKeyFileIfAbsent({ path: one });
    createKeyFileIfAbsent({ path: two });
    expect(readFileSync(one, "utf8")).not.toBe(readFileSync(two, "utf8"));
  });

  test("a missing key is an error and never a silent new key", () => {
    const path = newPath();
    expect(using(path)).toThrow(`cannot use the key file ${path}: no such file or directory (ENOENT)`);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  for (const mode of [0o640, 0o604, 0o644, 0o620, 0o660]) {
    test(`mode ${mode.toString(8)} is refused, with what to do`, () => {
      const path = newPath();
      createKeyFileIfAbsent({ path });
      chmodSync(path, mode);
      expect(using(path)).toThrow(
        `cannot use the key file ${path}: others can read it (mode ${mode.toString(8)}): chmod 600 it`,
      );
    });
  }

  test("damaged, empty, too long and foreign files, and a folder, are refused in one line", () => {
    const path = newPath();
    createKeyFileIfAbsent({ path });
    const key = readFileSync(path, "utf8");
    for (const text of ["", key.slice(0, -6), `x${key}`, `${key} more`, key.repeat(100), "holdfast-key-1 AAAA\n"]) {
      writeFileSync(path, text);
      expect(using(path)).toThrow(/^cannot use the key file [^\n]*: it does not hold a Holdfast key$/);
    }
    rmSync(path);
    mkdirSync(path, { mode: 0o700 });
    expect(using(path)).toThrow(/it is not a file$/);
  });

  test("a wrong key file is told from damage, with both keys named", async () => {
    const [right, wrong] = [newPath(), newPath()];
    createKeyFileIfAbsent({ path: right });
    createKeyFileIfAbsent({ path: wrong });
    const wrapped = await createKeyFile({ path: right }).wrap(new Uint8Array([1]), {});
    await expect(createKeyFile({ path: wrong }).unwrap(wrapped, {})).rejects.toThrow(
      /holds key [0-9a-f]{16}, these bytes were wrapped by key [0-9a-f]{16}: put the right key file there$/,
    );
  });

  test("a folder that cannot be written says so", () => {
    const path = join(newPath(), "no", "key");
    expect(() => createKeyFileIfAbsent({ path })).toThrow(
      `cannot make the key file ${path}: no such file or directory (ENOENT)`,
    );
  });
});
