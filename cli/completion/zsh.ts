/** What completes `holdfast …` in zsh, with what each command and option is for. */
import { type Completable, quoted, shortly, takingValues } from "./tree.ts";

/** A file named `_holdfast` in a folder of $fpath, or a script to be sourced. */
export function zshCompletion(all: readonly Completable[]): string {
  const paths = all.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  const values = all.flatMap(({ path, options }) =>
    options.flatMap(({ flags, values: words = [] }) =>
      words.length === 0
        ? []
        : [
            `    (${flags.map((flag) => quoted(`${path} ${flag}`)).join("|")}) compadd -- ${words.map(quoted).join(" ")}; return ;;`,
          ],
    ),
  );
  const here = all.map(({ path, commands, options, values: words }) => {
    const names = [...commands.map(({ name, about }) => described(name, about)), ...words.map(quoted)];
    const flags = options.flatMap((option) => option.flags.map((flag) => described(flag, option.about)));
    return `    (${quoted(path)}) names=(${names.join(" ")}); flags=(${flags.join(" ")}) ;;`;
  });
  return `#compdef holdfast
# zsh completion for holdfast; made by "holdfast completion zsh"
_holdfast() {
  local at="" i
  local -a names flags
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
    (${takingValues(all).map(quoted).join("|")}) ((i++)) ;;
    (*)
      case "\${at:+$at }\${words[i]}" in
      (${paths.join("|")}) at="\${at:+$at }\${words[i]}" ;;
      esac
      ;;
    esac
  done
  case "$at \${words[CURRENT - 1]}" in
${values.join("\n")}
    (${takingValues(all).map(quoted).join("|")}) _files; return ;;
  esac
  case "$at" in
${here.join("\n")}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe option flags
  elif ((\${#names})); then
    _describe command names
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_holdfast" ]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
`;
}

/** `name:what it is for`: a colon in the name would end it. */
const described = (name: string, about: string): string => quoted(`${name.replaceAll(":", "\\:")}:${shortly(about)}`);
