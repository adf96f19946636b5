/** Keeps a worker thread small: dead buffers lie outside the JavaScript heap, where the collector hardly sees them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** A collection of the young generation takes one to two milliseconds: at this distance, about 2 % of the work. */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

type Collect = (options: { readonly type: "minor" }) => void;

/** Called with the bytes just encoded or decoded; collects once enough have gone by. */
export function createCollector(): (bytes: number) => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < COLLECT_EVERY_BYTES) return;
    since = 0;
    collect({ type: "minor" });
  };
}
