/** Change lists: which blocks may differ from an earlier backup, as a person or a tool wrote them down. */
import type { BlockHint, BlockSource, SnapshotRef } from "../../core/ports/blocks.ts";

/** Bytes of a block on the grid (docs/format.md, section 4). */
const BLOCK_BYTES = 512 * 1024;
/** The field of a reference's detail that carries the list: plain text, so that it goes to any thread. */
const FIELD = "changes";

/** A change list that cannot be used; the message names the line. */
class ChangeListUnreadable extends Error {
  override readonly name = "ChangeListUnreadable";
}

/** Blocks from `first` up to, but without, `end`. */
type Run = readonly [first: number, end: number];

/**
 * Reads a list: decimal numbers of blocks of 512 KiB, one a line, in any order, repeated or not; empty lines are passed over.
 * @returns a snapshot that says `same` of all others, compared with the capture `since`
 * @throws ChangeListUnreadable for a line that is no number of a block of this disk
 */
export function withChangeList(
  snapshot: SnapshotRef,
  { text, name, since }: { readonly text: string; readonly name: string; readonly since: string },
): SnapshotRef {
  const changes = encode(parse(text, name, Math.ceil(snapshot.size / BLOCK_BYTES)));
  return { ...snapshot, since: { snapshotId: since }, detail: { ...snapshot.detail, [FIELD]: changes } };
}

/** The source as the snapshot's change list lets it be seen; the source itself when there is no list. */
export function applyChangeList(source: BlockSource, { detail }: SnapshotRef): BlockSource {
  const encoded = detail[FIELD];
  if (typeof encoded !== "string") return source;
  const runs = decode(encoded);
  return {
    size: source.size,
    async survey(first, count) {
      // What is listed may be known to the source better: a hole, for instance.
      const hints = changedIn(runs, first, count);
      if (source.survey === undefined || !hints.includes("data")) return hints;
      const inner = await source.survey(first, count);
      return hints.map((hint, at) => (hint === "data" && inner[at] === "zero" ? "zero" : hint));
    },
    read: (offset, into) => source.read(offset, into),
    close: () => source.close(),
  };
}

function parse(text: string, name: string, blocks: number): readonly Run[] {
  const numbers: number[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const word = line.trim();
    if (word === "") continue;
    const wrong = (what: string) => new ChangeListUnreadable(`${name}, line ${at + 1}: ${what}`);
    if (!/^\d{1,15}$/.test(word)) throw wrong(`${JSON.stringify(word.slice(0, 40))} is not the number of a block`);
    const block = Number(word);
    if (block >= blocks) throw wrong(`block ${block} is beyond the disk, whose last block of 512 KiB is ${blocks - 1}`);
    numbers.push(block);
  }
  const runs: [number, number][] = [];
  for (const block of numbers.sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && block <= last[1]) last[1] = Math.max(last[1], block + 1);
    else runs.push([block, block + 1]);
  }
  return runs;
}

/** "3+2 9+1": blocks 3, 4 and 9. */
const encode = (runs: readonly Run[]): string => runs.map(([first, end]) => `${first}+${end - first}`).join(" ");

function decode(text: string): readonly Run[] {
  if (text === "") return [];
  return text.split(" ").map((run) => {
    const [first = 0, count = 0] = run.split("+").map(Number);
    return [first, first + count];
  });
}

function changedIn(runs: readonly Run[], first: number, count: number): BlockHint[] {
  const hints = new Array<BlockHint>(count).fill("same");
  // The first run that ends behind `first`.
  let low = 0;
  for (let high = runs.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((runs[middle]?.[1] ?? 0) <= first) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < runs.length; at++) {
    const [start, end] = runs[at] ?? [0, 0];
    if (start >= first + count) break;
    hints.fill("data", Math.max(start - first, 0), Math.min(end - first, count));
  }
  return hints;
}
