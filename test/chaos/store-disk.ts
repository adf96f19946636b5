/** A file system under a store that fails as disks do, and forgets at a power cut what nobody had synced. */
import { renameSync, rmSync, truncateSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { type FileCalls, makeFileCalls, type OpenFile } from "../../adapters/local/files/file-calls.ts";

/**
 * - `io`: EIO; a write is torn in its middle first. `full`: the same with ENOSPC, or no free byte. `unanswered`: done, then EIO.
 * - `short`: a write takes half, which is no error. `delay`: some milliseconds.
 * - `flip`, `end`: a read gives one wrong bit, or finds the file's end too early.
 * - `cut`: power fails; every later call of this session fails.
 * - `stop`: the user presses Ctrl-C. `die`: SIGKILL to this process.
 */
export const DISK_FAULTS = [
  "io",
  "full",
  "unanswered",
  "short",
  "delay",
  "flip",
  "end",
  "cut",
  "stop",
] as const satisfies readonly DiskFault[];
export type DiskFault = "io" | "full" | "unanswered" | "short" | "delay" | "flip" | "end" | "cut" | "stop" | "die";

export interface PlannedFault {
  readonly fault: DiskFault;
  /** At the first call that can have it from this one on; 1 is the session's first. */
  readonly from: number;
}

type Call = "open" | "create" | "write" | "read" | "sync" | "link" | "rename" | "unlink" | "mkdir" | "look" | "free";

/** Which calls can have which fault; the others all can. */
const ONLY: Partial<Record<DiskFault, readonly Call[]>> = {
  full: ["create", "write", "link", "rename", "mkdir", "free"],
  unanswered: ["sync", "link", "rename", "mkdir", "unlink"],
  short: ["write"],
  flip: ["read"],
  end: ["read"],
};

const failure = (code: string, call: string): Error =>
  Object.assign(new Error(`${code}: says the test, ${call}`), { code });

/** A name in a folder that may not survive a power cut. */
interface Unsynced {
  /** Folders of which any one, synced, makes it last. */
  readonly folders: readonly string[];
  undo(): void;
}

/** What is not durable yet, over the whole life of one object folder. */
export class UnsyncedNames {
  #names: Unsynced[] = [];
  /** Bytes of these files are not on the disk. */
  readonly #dirty = new Set<string>();

  note(folders: readonly string[], undo: () => void): void {
    this.#names.push({ folders, undo });
  }
  written(path: string): void {
    this.#dirty.add(path);
  }
  syncedFile(path: string): void {
    this.#dirty.delete(path);
  }
  syncedFolder(folder: string): void {
    this.#names = this.#names.filter(({ folders }) => !folders.includes(folder));
  }
  /** Power fails: of what is not durable, about half is lost, the newest first. @returns how much was lost */
  lose(random: () => number): number {
    let lost = 0;
    for (const path of this.#dirty)
      if (random() < 0.5) {
        lost++;
        ignoreAbsence(() => truncateSync(path, Math.floor(random() * 4096)));
      }
    for (const { undo } of this.#names.toReversed())
      if (random() < 0.5) {
        lost++;
        ignoreAbsence(undo);
      }
    this.#names = [];
    this.#dirty.clear();
    return lost;
  }
}

function ignoreAbsence(work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** The file calls of one command. */
export class DiskSession {
  readonly #plan: PlannedFault[];
  readonly #unsynced: UnsyncedNames | undefined;
  readonly #real: FileCalls = makeFileCalls(true);
  readonly stop = new AbortController();
  /** Faults that happened, with the call that they happened to. */
  readonly fired: { readonly fault: DiskFault; readonly call: Call }[] = [];
  count = 0;
  down = false;

  constructor(plan: readonly PlannedFault[], unsynced?: UnsyncedNames) {
    this.#plan = [...plan];
    this.#unsynced = unsynced;
  }

  /** Counts a call; what it must suffer is done here, but for what only the call itself can do. */
  async #before(call: Call): Promise<DiskFault | undefined> {
    if (this.down) throw failure("EIO", call);
    this.count++;
    const at = this.#plan.findIndex(({ fault, from }) => from <= this.count && (ONLY[fault]?.includes(call) ?? true));
    if (at < 0) return undefined;
    const fault = (this.#plan.splice(at, 1)[0] as PlannedFault).fault;
    this.fired.push({ fault, call });
    if (fault === "die") process.kill(process.pid, "SIGKILL");
    if (fault === "stop") this.stop.abort(new Error("stopped, says the test"));
    if (fault === "delay") await new Promise((resolve) => setTimeout(resolve, 1 + (this.count % 7)));
    if (fault === "cut") {
      this.down = true;
      throw failure("EIO", call);
    }
    if (call === "write" || call === "free") return fault;
    if (fault === "io") throw failure("EIO", call);
    if (fault === "full") throw failure("ENOSPC", call);
    return fault;
  }

  /** Does it, and fails all the same when the answer is lost. */
  async #do<T>(call: Call, work: () => Promise<T>): Promise<T> {
    const fault = await this.#before(call);
    const done = await work();
    if (fault === "unanswered") throw failure("EIO", call);
    return done;
  }

  #file(file: OpenFile, path: string): OpenFile {
    return {
      stat: () => this.#do("look", () => file.stat()),
      read: async (into, position) => {
        const fault = await this.#before("read");
        if (fault === "end") return 0;
        const count = await file.read(into, position);
        const middle = count >> 1;
        if (fault === "flip" && count > 0) into[middle] = (into[middle] ?? 0) ^ 4;
        return count;
      },
      write: async (bytes, position) => {
        const fault = await this.#before("write");
        this.#unsynced?.written(path);
        const half = bytes.subarray(0, (bytes.length >> 1) & ~4095);
        if (fault === "short" && half.length > 0) return file.write(half, position);
        if (fault !== "io" && fault !== "full") return file.write(bytes, position);
        if (half.length > 0) await file.write(half, position);
        throw failure(fault === "io" ? "EIO" : "ENOSPC", "write");
      },
      // Whether the disk really syncs is not for these tests: who is told that it did is all that counts, and it takes most of the time.
      sync: () =>
        this.#do("sync", async () => {
          this.#unsynced?.syncedFile(path);
          this.#unsynced?.syncedFolder(path);
        }),
      // Also of a machine that went down: this process goes on, and has only so many.
      close: () => file.close(),
    };
  }

  readonly calls: FileCalls = {
    open: (path, flags, mode) =>
      this.#do(flags === "wx" ? "create" : "open", async () => {
        const file = await this.#real.open(path, flags, mode);
        if (flags === "wx") this.#unsynced?.note([dirname(path)], () => unlinkSync(path));
        return this.#file(file, path);
      }),
    link: (from, to) =>
      this.#do("link", async () => {
        await this.#real.link(from, to);
        this.#unsynced?.note([dirname(to)], () => unlinkSync(to));
      }),
    rename: (from, to) =>
      this.#do("rename", async () => {
        await this.#real.rename(from, to);
        this.#unsynced?.note([dirname(to), dirname(from)], () => renameSync(to, from));
      }),
    unlink: (path) => this.#do("unlink", () => this.#real.unlink(path)),
    mkdir: (path, mode) =>
      this.#do("mkdir", async () => {
        await this.#real.mkdir(path, mode);
        this.#unsynced?.note([dirname(path)], () => rmSync(path, { recursive: true, force: true }));
      }),
    stat: (path) => this.#do("look", () => this.#real.stat(path)),
    readdir: (path) => this.#do("look", () => this.#real.readdir(path)),
    free: async (path) => ((await this.#before("free")) === "full" ? 0 : this.#real.free(path)),
  };
}
