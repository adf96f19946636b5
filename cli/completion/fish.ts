/** What completes `holdfast …` in fish, with what each command and option is for. */
import { type Completable, shortly, takingValues } from "./tree.ts";

/** A file `holdfast.fish` in ~/.config/fish/completions, or a script to be sourced. */
export function fishCompletion(all: readonly Completable[]): string {
  const lines = all.flatMap(({ path, commands, options, values }) => {
    const when = `complete -c holdfast -n ${quotedForFish(`__holdfast_at ${quotedForFish(path)}`)}`;
    return [
      ...commands.map(({ name, about }) => `${when} -f -a ${name} -d ${quotedForFish(shortly(about))}`),
      ...(values.length > 0 ? [`${when} -f -a ${quotedForFish(values.join(" "))}`] : []),
      ...options.map((option) => {
        const flags = option.flags.map((flag) =>
          flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const words = option.values ?? [];
        const value =
          option.values === undefined ? "" : words.length > 0 ? ` -x -a ${quotedForFish(words.join(" "))}` : " -r";
        return `${when} ${flags.join(" ")}${value} -d ${quotedForFish(shortly(option.about))}`;
      }),
    ];
  });
  const paths = all.filter(({ path }) => path !== "").map(({ path }) => quotedForFish(path));
  return `# fish completion for holdfast; made by "holdfast completion fish"
function __holdfast_at
    set -l at
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
            continue
        end
        switch "$at $word"
            case ${takingValues(all).map(quotedForFish).join(" ")}
                set skip yes
                continue
        end
        switch (string trim "$at $word")
            case ${paths.join(" ")}
                set at (string trim "$at $word")
        end
    end
    test "$at" = "$argv[1]"
end
${lines.join("\n")}
`;
}

/** In fish a backslash and a quote are escaped inside quotes. */
const quotedForFish = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
