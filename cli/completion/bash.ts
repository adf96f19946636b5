/** What completes `holdfast …` in bash. */
import { type Completable, quoted, takingValues } from "./tree.ts";

/** A script to be sourced, for bash 3.2 and later (macOS has that one). */
export function bashCompletion(all: readonly Completable[]): string {
  const paths = all.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  const values = all.flatMap(({ path, options }) =>
    options.flatMap(({ flags, values: words = [] }) =>
      words.length === 0
        ? []
        : [`    ${flags.map((flag) => quoted(`${path} ${flag}`)).join("|")}) words=${list(words)} ;;`],
    ),
  );
  const here = all.map(({ path, commands, options, values: words }) => {
    const names = [...commands.map(({ name }) => name), ...words];
    const flags = options.flatMap((option) => option.flags);
    return `    ${quoted(path)}) words=${list(names)} flags=${list(flags)} ;;`;
  });
  return `# bash completion for holdfast; made by "holdfast completion bash"
_holdfast() {
  local at="" words="" flags="" free="" before="" current="\${COMP_WORDS[COMP_CWORD]}" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
    ${takingValues(all).map(quoted).join("|")}) i=$((i + 1)) ;;
    *)
      case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${paths.join("|")}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
      esac
      ;;
    esac
  done
  before="$at \${COMP_WORDS[COMP_CWORD - 1]}"
  case "$before" in
${values.join("\n")}
    ${takingValues(all).map(quoted).join("|")}) free=yes ;;
  esac
  if [[ -z $words && -z $free ]]; then
    case "$at" in
${here.join("\n")}
    esac
    [[ $current == -* ]] && words=$flags
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
# What is no command and no option may be a file: images, folders.
complete -o default -F _holdfast holdfast
`;
}

const list = (words: readonly string[]): string => quoted(words.join(" "));
