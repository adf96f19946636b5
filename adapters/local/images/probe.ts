/** May this file be registered as a disk: is it a readable raw image of whole sectors, outside our own data? */
import { realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { formatOf, HEAD_BYTES, TAIL_BYTES } from "./formats.ts";
import { ResourceRefused } from "./resource-refused.ts";
import { openRegular, SECTOR_BYTES, troubleOf } from "./stamps.ts";

/** What was found of a file that may be registered. */
export interface ProbedFile {
  /** Absolute, without symbolic links: the file itself. */
  readonly path: string;
  /** Decimal strings. */
  readonly dev: string;
  readonly ino: string;
  /** Bytes. */
  readonly size: number;
}

/** Looks at one file. `forceRaw`: it is raw although its content announces another format. @throws ResourceRefused */
export type Probe = (path: string, options: { readonly forceRaw: boolean }) => Promise<ProbedFile>;

async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ELOOP") throw new ResourceRefused("path", `${path} is a symbolic link that leads back to itself`);
    throw new ResourceRefused("path", troubleOf(path, error).message);
  }
}

/** A data folder that does not exist yet has no real path; then its plain one is compared. */
async function folderOf(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

/** The probe of this machine. `dataFolder`: the service's own folder, whose files are never disks. */
export function createFileProbe({ dataFolder }: { readonly dataFolder: string }): Probe {
  return async (given, { forceRaw }) => {
    if (given === "") throw new ResourceRefused("path", "is empty; give the path of a disk image");
    if (given.includes("\0")) throw new ResourceRefused("path", "holds a NUL character");
    const path = await realPathOf(resolve(given));
    const folder = await folderOf(dataFolder);
    if (path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep))
      throw new ResourceRefused("path", `${path} is inside the service's own data folder ${folder}`);
    const handle = await openRegular(path, "read").catch((error: unknown) => {
      throw new ResourceRefused("path", troubleOf(path, error).message);
    });
    try {
      const { dev, ino, size: exact } = await handle.stat({ bigint: true });
      const size = Number(exact);
      if (size === 0) throw new ResourceRefused("path", `${path} is empty`);
      const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
      const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
      await handle.read(head, 0, head.length, 0);
      await handle.read(tail, 0, tail.length, size - tail.length);
      const format = formatOf(head, tail);
      if (format !== undefined && !forceRaw)
        throw new ResourceRefused(
          "path",
          `${path} is a ${format} image, and only raw images are backed up. Convert it with "qemu-img convert -O raw ` +
            `SOURCE TARGET", or force raw if these bytes are meant to be the disk's own content`,
        );
      if (size % SECTOR_BYTES !== 0)
        throw new ResourceRefused("path", `${path} has ${size} bytes, which is not a multiple of ${SECTOR_BYTES}`);
      return { path, dev: `${dev}`, ino: `${ino}`, size };
    } finally {
      await handle.close();
    }
  };
}
