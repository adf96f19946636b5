/** Who has a file open on Linux: descriptors, shared writable mappings, locks and loop devices, from /proc and /sys. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { FileIdentity, Opener, Openers, Processes } from "./openers.ts";

// The calls are synchronous because /proc answers from memory (a few µs each, a tenth of a trip through the thread
// pool); after this long the event loop gets a turn, so that requests are answered during a long scan.
const TURN_MS = 5;

const O_ACCMODE = 0o3;
const O_PATH = 0o10000000;

interface Wanted extends FileIdentity {
  /** "major:minor" in hex without leading zeros: as stat tells it, and as the mount table tells it (btrfs differs). */
  readonly devices: ReadonlySet<string>;
  readonly found: Opener[];
}

/** The files that are looked for, by what /proc tells first of what it shows: a look may be about a thousand of them. */
type ByInode = ReadonlyMap<bigint, readonly Wanted[]>;

const byInode = (wanted: readonly Wanted[]): ByInode => Map.groupBy(wanted, ({ ino }) => ino);

/** Runs something that may meet a process that ends meanwhile or belongs to somebody else. */
function attempt<T>(action: () => T): T | "gone" | "denied" {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "EACCES" || code === "EPERM" ? "denied" : "gone";
  }
}

const failed = (value: unknown): value is "gone" | "denied" => value === "gone" || value === "denied";

function textOf(path: string): string {
  const text = attempt(() => readFileSync(path, "utf8"));
  return failed(text) ? "" : text;
}

/** Splits a device number as glibc's gnu_dev_major and gnu_dev_minor do. */
function hexDevice(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major.toString(16)}:${minor.toString(16)}`;
}

/** The device of the mount that a path lies on, by the longest mount point that is a prefix of it. */
function mountDevice(path: string, mountInfo: string): string | undefined {
  let best: { length: number; device: string } | undefined;
  for (const line of mountInfo.split("\n")) {
    const [, , device, , escaped] = line.split(" ");
    if (device === undefined || escaped === undefined) continue;
    const point = escaped.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const prefix = point.endsWith("/") ? point : `${point}/`;
    if (!path.startsWith(prefix) || (best !== undefined && point.length < best.length)) continue;
    const [major, minor] = device.split(":").map(Number);
    best = { length: point.length, device: `${major?.toString(16)}:${minor?.toString(16)}` };
  }
  return best?.device;
}

function commandOf(pid: number): string | undefined {
  return textOf(`/proc/${pid}/comm`).trim() || undefined;
}

/** Descriptors of one process. Answers "denied" when they are hidden from us. */
function scanDescriptors(pid: number, wanted: ByInode): "denied" | undefined {
  const folder = `/proc/${pid}/fd`;
  const names = attempt(() => readdirSync(folder));
  if (failed(names)) return names === "denied" ? "denied" : undefined;
  for (const name of names) {
    // Sockets and pipes are most of what is open, and cost only this one call.
    const link = attempt(() => readlinkSync(`${folder}/${name}`));
    if (failed(link) || !link.startsWith("/")) continue;
    const seen = attempt(() => statSync(`${folder}/${name}`, { bigint: true }));
    if (failed(seen)) continue;
    const files = (wanted.get(seen.ino) ?? []).filter(({ dev }) => seen.dev === dev);
    if (files.length === 0) continue;
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(textOf(`/proc/${pid}/fdinfo/${name}`))?.[1] ?? "2", 8);
    if ((flags & O_PATH) !== 0) continue;
    const mayWrite = (flags & O_ACCMODE) !== 0;
    const opener: Opener = { pid, command: commandOf(pid), how: mayWrite ? "write" : "read", mayWrite };
    for (const file of files) file.found.push(opener);
  }
  return undefined;
}

/** Lines of shared writable mappings: device, inode, path. */
const SHARED_WRITABLE = /^\S+ .w.s \S+ ([0-9a-f]+):([0-9a-f]+) (\d+)\s+(.*)$/gm;

/** Shared writable mappings outlive their descriptor, and a write through one need not change the time stamps again. */
function scanMappings(pid: number, wanted: ByInode): void {
  const found = new Set<Wanted>();
  for (const [, major = "", minor = "", inode = "", path] of textOf(`/proc/${pid}/maps`).matchAll(SHARED_WRITABLE))
    for (const file of wanted.get(BigInt(inode)) ?? [])
      if (file.devices.has(shortHex(major, minor)) || path === file.path) found.add(file);
  for (const file of found) file.found.push({ pid, command: commandOf(pid), how: "map", mayWrite: true });
}

const shortHex = (major: string, minor: string) =>
  `${Number.parseInt(major, 16).toString(16)}:${Number.parseInt(minor, 16).toString(16)}`;

/** /proc/locks shows every user's locks; a running QEMU appears as `OFDLCK ADVISORY READ -1 08:01:1234 100 103`. */
function scanLocks(wanted: ByInode): void {
  for (const line of textOf("/proc/locks").split("\n")) {
    const match = /^\d+:\s+(?:->\s+)?(POSIX|OFDLCK|FLOCK)\s+\S+\s+\S+\s+(-?\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s/.exec(
      line,
    );
    if (match === null) continue;
    const pid = Number(match[2]);
    if (pid === process.pid) continue;
    const device = shortHex(match[3] as string, match[4] as string);
    const files = (wanted.get(BigInt(match[5] as string)) ?? []).filter(({ devices }) => devices.has(device));
    if (files.length === 0) continue;
    const known = pid > 0 ? pid : undefined;
    const command = known === undefined ? undefined : commandOf(known);
    for (const file of files) file.found.push({ pid: known, command, how: "lock", mayWrite: true });
  }
}

/** A loop device holds its file inside the kernel: no process shows it. */
function scanLoopDevices(wanted: readonly Wanted[]): void {
  const names = attempt(() => readdirSync("/sys/block"));
  if (failed(names)) return;
  for (const name of names) {
    if (!name.startsWith("loop")) continue;
    const backing = textOf(`/sys/block/${name}/loop/backing_file`).trimEnd();
    if (backing === "") continue;
    const seen = attempt(() => statSync(backing, { bigint: true }));
    const files = wanted.filter(
      ({ path, dev, ino }) => path === backing || (!failed(seen) && seen.ino === ino && seen.dev === dev),
    );
    const readOnly = textOf(`/sys/block/${name}/ro`).trim() === "1";
    for (const file of files)
      file.found.push({ pid: undefined, command: `/dev/${name}`, how: "loop", mayWrite: !readOnly });
  }
}

/** The view through /proc. As root it is complete; as another user, other users' processes show their locks only. */
export function linuxProcesses(): Processes {
  return {
    async openersOf(files: readonly FileIdentity[]): Promise<Openers> {
      const mountInfo = textOf("/proc/self/mountinfo");
      const wanted = files.map((file): Wanted => {
        const mounted = mountDevice(file.path, mountInfo);
        return {
          ...file,
          devices: new Set([hexDevice(file.dev), ...(mounted === undefined ? [] : [mounted])]),
          found: [],
        };
      });
      const inodes = byInode(wanted);
      const entries = attempt(() => readdirSync("/proc"));
      const pids = failed(entries) ? [] : entries.filter((name) => /^\d+$/.test(name)).map(Number);
      // hidepid=2 takes other users' processes out of the listing; process 1 is always somebody's.
      let hidden = pids.length === 0 || !existsSync("/proc/1");
      let turn = performance.now();
      for (const pid of pids) {
        if (pid === process.pid) continue;
        if (scanDescriptors(pid, inodes) === "denied") hidden = true;
        else scanMappings(pid, inodes);
        if (performance.now() - turn > TURN_MS) {
          await setImmediate();
          turn = performance.now();
        }
      }
      scanLocks(inodes);
      scanLoopDevices(wanted);
      return {
        byFile: wanted.map(({ found }) => found),
        gap: hidden
          ? "processes of other users cannot be looked into (run the service as root to see them); a change during a backup is still found by comparing before and after"
          : undefined,
      };
    },
  };
}
