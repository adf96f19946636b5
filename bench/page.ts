/** Writes measured tables between the markers of docs/performance.md. */
import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../docs/performance.md", import.meta.url);

/** Puts `text` between `<!-- name:begin -->` and `<!-- name:end -->`, and gives it back. @throws Error when the markers are gone */
export function putBetween(name: string, text: string): string {
  const page = readFileSync(PAGE, "utf8");
  const [beginMark, endMark] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [begin, end] = [page.indexOf(beginMark), page.indexOf(endMark)];
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md has no ${beginMark} … ${endMark}`);
  writeFileSync(PAGE, `${page.slice(0, begin + beginMark.length)}\n\n${text}\n\n${page.slice(end)}`);
  return text;
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
