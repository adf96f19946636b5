/** Does a folder become a store without harm to anything, and who opens it afterwards? */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeRecoveryCode } from "../../core/engine/recovery-code.ts";
import { initStore } from "../../local/store/init.ts";
import { lockStore } from "../../local/store/open.ts";
import { addRecoveryCode } from "../../local/store/secret.ts";
import { type StoreLab, storeLab } from "./lab.ts";

let lab: StoreLab;
beforeEach(async () => {
  lab = await storeLab();
});
afterEach(() => lab.remove());

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const initIn = (dir: string, keyFile?: string) => initStore({ dir, env: lab.env, ...(keyFile && { keyFile }) });

describe("init", () => {
  test("makes a store with a key of the owner's alone, outside of the store, named by the store's id", () => {
    const { id, keyFile, path } = lab.made;
    expect(keyFile).toBe(join(lab.root, "config", "holdfast", "keys", `${id}.key`));
    expect(mode(keyFile)).toBe("600");
    expect(mode(join(keyFile, ".."))).toBe("700");
    expect(mode(path)).toBe("700");
    expect(JSON.parse(readFileSync(join(path, "holdfast-store.json"), "utf8"))).toEqual({ format: 1, id, ready: true });
  });

  test("takes ~/.config where XDG_CONFIG_HOME is not set or relative", async () => {
    const made = await initStore({
      dir: lab.path("other"),
      env: { HOME: lab.path("home"), XDG_CONFIG_HOME: "config" },
    });
    expect(made.keyFile).toBe(join(lab.path("home"), ".config", "holdfast", "keys", `${made.id}.key`));
  });

  test("refuses a folder that is a store, and one that holds other things, and changes nothing there", async () => {
    await expect(initIn(lab.made.path)).rejects.toThrow("is a store already");
    mkdirSync(lab.path("photos"));
    writeFileSync(join(lab.path("photos"), "cat.jpg"), "cat");
    await expect(initIn(lab.path("photos"))).rejects.toThrow('not empty (it holds "cat.jpg")');
    expect(readdirSync(lab.path("photos"))).toEqual(["cat.jpg"]);
    writeFileSync(lab.path("file"), "");
    await expect(initIn(lab.path("file"))).rejects.toThrow("is not a folder");
  });

  test("takes an empty folder", async () => {
    mkdirSync(lab.path("empty"));
    await expect(initIn(lab.path("empty"))).resolves.toMatchObject({ path: lab.path("empty") });
  });

  test.each([
    ["inside the store", (dir: string) => join(dir, "keys", "my.key")],
    [
      "inside the store by a symbolic link",
      (dir: string) => {
        symlinkSync(dir, lab.path("link"));
        return join(lab.path("link"), "my.key");
      },
    ],
  ])("makes no key %s", async (_where, place) => {
    const dir = lab.path("new");
    mkdirSync(dir);
    await expect(initIn(dir, place(dir))).rejects.toThrow("would lie inside the store");
    expect(existsSync(join(dir, "keys"))).toBe(false);
    // Nothing is lost: with another place the same init goes on.
    await expect(initIn(dir, lab.path("k/my.key"))).resolves.toMatchObject({ keyMade: true });
  });

  test("uses a key file that is there, and never overwrites it; what is no key file is refused", async () => {
    const before = readFileSync(lab.made.keyFile, "utf8");
    await expect(initIn(lab.path("second"), lab.made.keyFile)).resolves.toMatchObject({ keyMade: false });
    expect(readFileSync(lab.made.keyFile, "utf8")).toBe(before);
    writeFileSync(lab.path("notes.txt"), "notes", { mode: 0o600 });
    await expect(initIn(lab.path("third"), lab.path("notes.txt"))).rejects.toThrow("does not hold a Holdfast key");
    expect(readFileSync(lab.path("notes.txt"), "utf8")).toBe("notes");
  });

  test("that was cut off after any step goes on, and the code that it prints opens the store", async () => {
    const steps = ["holdfast-store.json", "key", "objects", "keys/service", "recovery"];
    for (const [at, step] of steps.entries()) {
      const dir = lab.path(`cut-${at}`);
      const made = await initIn(dir, lab.path(`cut-${at}.key`));
      const file = join(dir, "holdfast-store.json");
      writeFileSync(file, JSON.stringify({ format: 1, id: made.id, ready: false }));
      await expect(lab.open({ dir, keyFile: made.keyFile })).rejects.toThrow("init of");
      const objects = join(dir, "objects");
      const { rmSync } = await import("node:fs");
      if (at <= 3)
        for (const name of readdirSync(join(objects, made.id, "keys")))
          if (name !== "service" || at <= 2) rmSync(join(objects, made.id, "keys", name));
      if (at <= 1) rmSync(objects, { recursive: true });
      if (at === 0) rmSync(made.keyFile);
      const again = await initIn(dir, made.keyFile);
      expect({ step, id: again.id }).toEqual({ step, id: made.id });
      const byKey = await lab.open({ dir, keyFile: again.keyFile });
      const byCode = await lab.open({ dir, recoveryCode: again.recoveryCode });
      expect(Buffer.from(byCode.domain.secret)).toEqual(Buffer.from(byKey.domain.secret));
    }
  });

  test("that was cut off and whose key is gone says what to do", async () => {
    const dir = lab.path("cut");
    const made = await initIn(dir, lab.path("cut.key"));
    writeFileSync(join(dir, "holdfast-store.json"), JSON.stringify({ format: 1, id: made.id, ready: false }));
    await expect(initIn(dir, lab.path("another.key"))).rejects.toThrow(`Nothing is stored yet: remove ${dir}`);
  });
});

describe("a store opens", () => {
  test("with its key file, with its recovery code, and with a later code; the secret is the same", async () => {
    const store = await lab.open();
    const { code: later } = await addRecoveryCode(store.objects, store.domain);
    for (const recoveryCode of [lab.made.recoveryCode, later, later.toLowerCase()]) {
      const opened = await lab.open({ recoveryCode });
      expect(Buffer.from(opened.domain.secret)).toEqual(Buffer.from(store.domain.secret));
    }
  });

  test("with the code that a person at a terminal types when there is no key, and asks nobody when there is one", async () => {
    const ask = async () => lab.made.recoveryCode;
    await expect(lab.open({ env: { HOME: lab.path("elsewhere") }, ask })).resolves.toBeDefined();
    await expect(lab.open({ ask: () => Promise.reject(new Error("asked")) })).resolves.toBeDefined();
  });

  test("not without key or code, and the message says where the key should be and what else there is", async () => {
    await expect(lab.open({ env: { HOME: lab.path("elsewhere") } })).rejects.toThrow(
      `there is no key at ${join(lab.path("elsewhere"), ".config/holdfast/keys", `${lab.made.id}.key`)}: name the key file with --key-file FILE, or give the recovery code`,
    );
  });

  test("not with another store's key or code", async () => {
    const other = await initIn(lab.path("other"));
    await expect(lab.open({ keyFile: other.keyFile })).rejects.toThrow(`${other.keyFile} does not open this store`);
    await expect(lab.open({ recoveryCode: other.recoveryCode })).rejects.toThrow("belongs to another store");
    await expect(lab.open({ recoveryCode: encodeRecoveryCode(new Uint8Array(20)) })).rejects.toThrow("none of the 1");
    await expect(lab.open({ recoveryCode: "hello" })).rejects.toThrow("characters");
  });

  test("not when it is no store, of a newer format, or damaged; each with what to do", async () => {
    await expect(lab.open({ dir: lab.path("nowhere") })).rejects.toThrow(
      'make a store there with "holdfast store init',
    );
    await expect(lab.open({ dir: lab.path("images") })).rejects.toThrow("is no store");
    const file = join(lab.made.path, "holdfast-store.json");
    writeFileSync(file, JSON.stringify({ format: 2 }));
    await expect(lab.open()).rejects.toThrow("use the newer Holdfast");
    writeFileSync(file, "{");
    await expect(lab.open()).rejects.toThrow("is damaged");
  });
});

test("two writers: the second is refused with process and host of the first, and comes in when that one is done", async () => {
  const store = await lab.open();
  const first = await lockStore(store);
  await expect(lockStore(store)).rejects.toThrow(/is in use by this process itself on this host \(.+\)/);
  first.release();
  (await lockStore(store)).release();
});
