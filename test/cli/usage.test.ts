/** Is the command line forgiving in help and strict in use? */
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../cli/program.ts";
import { runCli } from "./support/run-cli.ts";

/** All commands that do something, with their full names. */
function leaves(command: Command, path: readonly string[] = []): [name: string, command: Command][] {
  if (command.commands.length === 0) return [[path.join(" "), command]];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

describe("help", () => {
  const all = leaves(createProgram());

  test("knows every command that users were promised", () => {
    expect(all.map(([name]) => name)).toEqual([
      "serve",
      "resource add disk",
      "resource add server",
      "resource list",
      "resource remove",
      "vault create",
      "vault list",
      "vault show",
      "vault update",
      "vault delete",
      "vault advise",
      "vault add-resource",
      "vault remove-resource",
      "vault migrate",
      "vault suspend",
      "vault resume",
      "vault summary",
      "vault tag add",
      "vault tag remove",
      "vault tag list",
      "policy create",
      "policy list",
      "policy show",
      "policy update",
      "policy delete",
      "policy bind",
      "policy unbind",
      "policy preview",
      "policy held",
      "policy confirm",
      "policy check",
      "runs list",
      "backup create",
      "backup list",
      "backup show",
      "backup rename",
      "backup restore",
      "backup delete",
      "backup fate",
      "backup undelete",
      "trash list",
      "checkpoint show",
      "task list",
      "task show",
      "protectable list",
      "audit list",
      "audit verify",
      "store init",
      "store backup",
      "store list",
      "store show",
      "store restore",
      "store verify",
      "store delete",
      "store gc",
      "store compact",
      "store stat",
      "store keys",
      "demo",
      "admin bootstrap",
      "admin preflight",
      "admin domain create",
      "admin domain list",
      "admin project create",
      "admin project list",
      "admin user create",
      "admin user list",
      "admin user password",
      "admin user delete",
      "admin key create",
      "admin key list",
      "admin key revoke",
      "admin recovery create",
      "admin role grant",
      "admin role revoke",
      "admin role list",
      "admin resource freeze",
      "admin resource unfreeze",
      "admin resource frozen",
      "admin vault freeze",
      "admin vault unfreeze",
      "completion",
    ]);
  });

  test.each(all)("of %s has an example of it and names --data and --json", (name, command) => {
    let text = "";
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    expect(text).toContain(`$ holdfast ${name}`);
    expect(text).toContain("--data <dir>");
    expect(text).toContain("--json");
  });

  test("that was asked for goes to standard output and is no failure", async () => {
    const { code, stdout, stderr } = await runCli(["vault", "create", "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Usage: holdfast vault create");
  });
});

describe("wrong usage ends in exit code 2, on standard error, before anything is tried", () => {
  test.each([
    [[], "Usage: holdfast"],
    [["vault"], "Usage: holdfast vault"],
    [["valt"], "unknown command 'valt'"],
    [["vault", "show"], "missing required argument 'vault'"],
    [["vault", "show", "a", "b"], "too many arguments"],
    [["vault", "create"], "required option '--name <name>' not specified"],
    [["vault", "create", "--name", "x", "--size", "9"], "a whole number from 10"],
    [["vault", "create", "--name", "x", "--size", "1e3"], "a whole number from 10"],
    [["vault", "create", "--name", "x", "--type", "tape"], "Allowed choices are disk, server"],
    [["vault", "update", "x"], "nothing to change"],
    [["vault", "tag", "add", "x", "env"], "must have the form KEY=VALUE"],
    [["vault", "list", "--frobnicate"], "unknown option '--frobnicate'"],
    [["vault", "list", "--data", ""], "must not be empty"],
    [["backup", "restore", "x", "--disk", "d", "--server", "s"], "either --disk ID or --server ID"],
    [["backup", "restore", "x", "--disk", "d", "--map", "a=b"], "--map goes with --server"],
    [["backup", "restore", "x", "--server", "s", "--map", "ab"], "must have the form KEY=VALUE"],
    [["serve", "--port", "70000"], "a whole number from 0 to 65535"],
    [["resource", "add", "server", "--name", "x"], "required option '--disk <id>' not specified"],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await runCli([...args, ...(args.length === 0 ? [] : ["--json"])]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
