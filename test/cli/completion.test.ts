/** Do shells complete what `holdfast` has, and nothing else? bash is run; of the other scripts it is checked that they leave nothing out. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bashCompletion } from "../../cli/completion/bash.ts";
import { fishCompletion } from "../../cli/completion/fish.ts";
import { completables } from "../../cli/completion/tree.ts";
import { zshCompletion } from "../../cli/completion/zsh.ts";
import { createProgram } from "../../cli/program.ts";
import { runCli } from "./support/run-cli.ts";

const all = completables(createProgram());
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-completion-"));
  writeFileSync(join(folder, "bash"), bashCompletion(all));
  writeFileSync(join(folder, "zsh"), zshCompletion(all));
  writeFileSync(join(folder, "fish"), fishCompletion(all));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What bash offers for the last word. */
function offered(...words: readonly string[]): string[] {
  const ask = `source "$0"; COMP_WORDS=(holdfast "$@"); COMP_CWORD=$#; _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", ask, join(folder, "bash"), ...words], {
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("bash", () => {
  test.each([
    [["va"], ["vault"]],
    [["vault", "t"], ["tag"]],
    [
      ["vault", "tag", ""],
      ["add", "remove", "list", "help"],
    ],
    [["policy", "pre"], ["preview"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["nothing", "like"], []],
  ])("%j is completed by commands", (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });

  test("offers the options of a command and those that all have, once it begins like one", () => {
    expect(offered("vault", "create", "--")).toEqual(
      expect.arrayContaining(["--name", "--size", "--type", "--auto-expand", "--data", "--json", "--help"]),
    );
    expect(offered("vault", "create", "--au")).toEqual(["--auto-expand"]);
    expect(offered("vault", "list", "--au")).toEqual([]);
    expect(offered("--js")).toEqual(["--json"]);
  });

  test("offers the few values that an option takes, and leaves all others to the user", () => {
    expect(offered("vault", "create", "--type", "")).toEqual(["disk", "server"]);
    expect(offered("runs", "list", "--state", "mis")).toEqual(["missed"]);
    expect(offered("vault", "create", "--name", "")).toEqual([]);
    // The value of an option is no command, whatever it is called.
    expect(offered("--data", "vault", "ba")).toEqual(["backup"]);
    expect(offered("--data", "vault", "cre")).toEqual([]);
  });

  test("has every command and option of the command line", () => {
    for (const { path, commands, options } of all) {
      const words = path === "" ? [] : path.split(" ");
      expect([path, offered(...words, "").filter((name) => commands.some((one) => one.name === name))]).toEqual([
        path,
        commands.map(({ name }) => name),
      ]);
      expect([path, offered(...words, "--")]).toEqual([
        path,
        options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith("--"))),
      ]);
    }
  });
});

describe.each(["zsh", "fish"])("%s", (shell) => {
  test("the script names every command and option", () => {
    const script = shell === "zsh" ? zshCompletion(all) : fishCompletion(all);
    for (const { commands, options } of all) {
      for (const { name } of commands) expect(script).toContain(shell === "zsh" ? `'${name}:` : `-a ${name} `);
      for (const flag of options.flatMap(({ flags }) => flags))
        expect(script).toContain(
          shell === "zsh" ? `'${flag}:` : flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
    }
  });
});

test("holdfast completion prints the script, and knows no other shell", async () => {
  const { code, stdout } = await runCli(["completion", "bash"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: bashCompletion(all) });
  expect(JSON.parse((await runCli(["completion", "fish", "--json"])).stdout)).toMatchObject({ shell: "fish" });
  const other = await runCli(["completion", "csh"]);
  expect({ code: other.code, stderr: other.stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining("Allowed choices are bash, zsh, fish"),
  });
});
