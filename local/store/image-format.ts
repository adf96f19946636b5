/** Does a file's content say that it is something else than a raw image? */
import { closeSync, openSync, readSync } from "node:fs";
import { formatOf, HEAD_BYTES, TAIL_BYTES } from "../../adapters/local/images/formats.ts";

/** The name of the format, for a remark; undefined for a raw image. @throws the system's error */
export function imageFormat(path: string, size: number): string | undefined {
  const fd = openSync(path, "r");
  try {
    const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
    const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
    readSync(fd, head, 0, head.length, 0);
    readSync(fd, tail, 0, tail.length, size - tail.length);
    return formatOf(head, tail);
  } finally {
    closeSync(fd);
  }
}
