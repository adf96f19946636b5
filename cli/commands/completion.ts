/** `holdfast completion …`: teaches a shell to complete commands and options. */
import { Argument, type Command } from "commander";
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { completables } from "../completion/tree.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { action, example } from "../context.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
type Shell = keyof typeof SHELLS;

/** Adds `completion`, which knows every command of `program`, also those that are added later. */
export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("print a script that makes a shell complete commands and options")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SHELLS)))
    .addHelpText(
      "after",
      example(
        "holdfast completion bash > ~/.local/share/bash-completion/completions/holdfast",
        'holdfast completion zsh > "$fpath[1]/_holdfast"',
        "holdfast completion fish > ~/.config/fish/completions/holdfast.fish",
      ),
    )
    .action(
      action<object, [Shell]>(async (context, _options, shell) => {
        const script = SHELLS[shell](completables(program));
        context.print({ shell, script }, script.trimEnd());
      }),
    );
}
