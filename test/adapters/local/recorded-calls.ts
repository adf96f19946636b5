/** How does a test see, and fail, the calls that the object folder makes to the file system? */
import { relative } from "node:path";
import { type FileCalls, fileCalls } from "../../../adapters/local/files/file-calls.ts";

/** An error as the system gives it. */
export const failure = (code: string, errno: number) => Object.assign(new Error(`${code}: made up`), { code, errno });

/** Every call in order, with paths relative to the folder; `fail` may throw instead of the n-th one. */
export function recording(folder: string, fail: (n: number, call: string) => void = () => undefined) {
  const log: string[] = [];
  const short = (path: string) => relative(folder, path).replace(/put-[\w-]+/, "TEMP") || ".";
  const note = (call: string) => {
    log.push(call);
    fail(log.length, call);
  };
  const calls: FileCalls = {
    async open(path, flags, mode) {
      note(`open ${short(path)} ${flags}`);
      const file = await fileCalls.open(path, flags, mode);
      return {
        ...file,
        async write(bytes, position) {
          note(`${flags === "direct" ? "write directly" : "write"} ${short(path)}`);
          return file.write(bytes, position);
        },
        async sync() {
          note(`sync ${short(path)}`);
          await file.sync();
        },
      };
    },
    link: async (from, to) => {
      note(`link ${short(from)} ${short(to)}`);
      await fileCalls.link(from, to);
    },
    rename: async (from, to) => {
      note(`rename ${short(from)} ${short(to).replace(/~.*/, "~…")}`);
      await fileCalls.rename(from, to);
    },
    unlink: async (path) => {
      note(`unlink ${short(path)}`);
      await fileCalls.unlink(path);
    },
    mkdir: async (path, mode) => {
      note(`mkdir ${short(path)}`);
      await fileCalls.mkdir(path, mode);
    },
    stat: async (path) => {
      note(`stat ${short(path)}`);
      return fileCalls.stat(path);
    },
    readdir: async (path) => {
      note(`readdir ${short(path)}`);
      return fileCalls.readdir(path);
    },
    free: async (path) => {
      note(`free ${short(path)}`);
      return fileCalls.free(path);
    },
  };
  return { calls, log };
}
