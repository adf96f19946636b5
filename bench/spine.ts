/**
 * Measures the one-machine service on real images through its API, beside restic on the same image:
 *
 *   npm run bench:spine -- IMAGES_DIR [WORK_DIR]
 *
 * IMAGES_DIR holds v1.img and v2.img (bench/make-images.sh). The service is a process of its own; its memory is sampled
 * from outside, a GET is timed every 50 ms and progress is read every 250 ms while the full backup runs. Both points are
 * restored and compared. Writes bench/results/spine.json. Needs restic on PATH for the comparison.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiClient, signIn } from "../test/support/api-client.ts";

const [images, work = join(tmpdir(), "holdfast-spine")] = process.argv.slice(2);
if (images === undefined) throw new Error("usage: npm run bench:spine -- IMAGES_DIR [WORK_DIR]");
const ROUNDS = 3;
const image = (name: string): string => join(images, name);
const disk = join(work, "disk.img");
const data = join(work, "data");

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const seconds = (since: number): number => Math.round(performance.now() - since) / 1000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

/** Overwrites the disk's bytes in place: same inode, other content. */
const putOnDisk = (name: string): void => copyFileSync(image(name), disk);

interface Sampled {
  readonly child: ChildProcess;
  readonly api: ApiClient;
  readonly url: string;
  /** MiB now, and the most since the start. */
  rss(): { readonly now: number; readonly peak: number };
}

async function startService(): Promise<Sampled> {
  const holdfast = new URL("../cli/bin.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [holdfast, "serve", "--data", data, "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("exit", () => reject(new Error("the service did not start")));
  });
  const credentials = JSON.parse(readFileSync(join(data, "credentials.json"), "utf8"));
  const status = (field: string): number =>
    Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024;
  return {
    child,
    url: credentials.url,
    api: await signIn(credentials),
    rss: () => ({ now: status("VmRSS"), peak: status("VmHWM") }),
  };
}

async function stopService({ child }: Sampled): Promise<void> {
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
}

/** Seconds from the request to the task's end; with `watch`, latency of GETs and gaps between progress meanwhile. */
async function runTask(api: ApiClient, start: () => Promise<string>, watch?: Watch): Promise<number> {
  const began = performance.now();
  const taskId = await start();
  for (;;) {
    const asked = performance.now();
    const { operation_log: task } = await api.get<TaskAnswer>(`/operation-logs/${taskId}`);
    watch?.latencies.push(performance.now() - asked);
    if (watch !== undefined && task.extra_info.common.progress !== watch.progress) {
      watch.gaps.push(asked - watch.at);
      watch.progress = task.extra_info.common.progress;
      watch.at = asked;
    }
    if (task.status !== "running" && task.status !== "waiting") {
      if (task.status !== "success") throw new Error(`${task.operation_type}: ${JSON.stringify(task.error_info)}`);
      return seconds(began);
    }
    await sleep(50);
  }
}

/** The members that are read of the API's answers. */
interface TaskAnswer {
  readonly operation_log: {
    readonly status: string;
    readonly operation_type: string;
    readonly error_info: object;
    readonly extra_info: { readonly common: { readonly progress: number } };
  };
}
interface IdRow {
  readonly id: string;
}

interface Watch {
  readonly latencies: number[];
  readonly gaps: number[];
  progress: number;
  at: number;
}

async function backUp(api: ApiClient, vaultId: string, watch?: Watch): Promise<{ wall: number; backupId: string }> {
  let backupId = "";
  const wall = await runTask(
    api,
    async () => {
      const { checkpoint } = await api.post<{ checkpoint: IdRow }>("/checkpoints", {
        checkpoint: { vault_id: vaultId },
      });
      const { backups } = await api.get<{ backups: IdRow[] }>(`/backups?checkpoint_id=${checkpoint.id}`);
      backupId = backups[0]?.id ?? "";
      const { operation_logs } = await api.get<{ operation_logs: IdRow[] }>("/operation-logs?limit=1");
      return operation_logs[0]?.id ?? "";
    },
    watch,
  );
  return { wall, backupId };
}

const storedMib = (): number =>
  Number(
    execFileSync("du", ["-sm", join(data, "objects")])
      .toString()
      .split("\t")[0],
  );

function restic(): number | undefined {
  const repo = join(work, "restic");
  const env = { ...process.env, RESTIC_PASSWORD: "bench", RESTIC_CACHE_DIR: join(work, "restic-cache") };
  rmSync(repo, { recursive: true, force: true });
  try {
    execFileSync("restic", ["init", "-q", "-r", repo], { env });
  } catch (error) {
    print(`restic is not measured: ${(error as Error).message.split("\n")[0]}`);
    return undefined;
  }
  const began = performance.now();
  execFileSync("restic", ["backup", "-q", "-r", repo, disk], { env });
  const wall = seconds(began);
  rmSync(repo, { recursive: true, force: true });
  return wall;
}

const result: Record<string, unknown> = {
  machine: {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
  },
  node: process.version,
  date: new Date().toISOString(),
};
const full: number[] = [];
const resticFull: number[] = [];
mkdirSync(work, { recursive: true });
for (let round = 1; round <= ROUNDS; round++) {
  rmSync(data, { recursive: true, force: true });
  putOnDisk("v1.img");
  const peer = restic();
  if (peer !== undefined) resticFull.push(peer);
  const service = await startService();
  const { api } = service;
  await sleep(1000);
  const idle = service.rss().now;
  const { resource } = await api.post<{ resource: IdRow }>("/holdfast/resources", {
    resource: { kind: "disk", path: disk, name: "bench" },
  });
  const billing = { object_type: "disk", protect_type: "backup", size: 100 };
  const resources = [{ id: resource.id, type: "OS::Cinder::Volume" }];
  const { vault } = await api.post<{ vault: IdRow }>("/vaults", { vault: { name: "bench", billing, resources } });
  const watch: Watch = { latencies: [], gaps: [], progress: 0, at: performance.now() };
  const first = await backUp(api, vault.id, watch);
  full.push(first.wall);
  print(`round ${round}: full ${first.wall} s, restic ${peer ?? "-"} s, peak ${Math.round(service.rss().peak)} MiB`);
  if (round === ROUNDS) {
    const storedFirst = storedMib();
    putOnDisk("v2.img");
    const second = await backUp(api, vault.id);
    const storedSecond = storedMib() - storedFirst;
    const restore = (id: string) =>
      runTask(
        api,
        async () =>
          (await api.post<{ job_id: string }>(`/backups/${id}/restore`, { restore: { volume_id: resource.id } }))
            .job_id,
      );
    const same = (name: string): boolean => {
      execFileSync("cmp", [disk, image(name)]);
      return true;
    };
    const restoreFirst = await restore(first.backupId);
    const firstSame = same("v1.img");
    const restoreSecond = await restore(second.backupId);
    Object.assign(result, {
      idleMib: Math.round(idle),
      peakMib: Math.round(service.rss().peak),
      getMedianMs: Math.round(median(watch.latencies) * 100) / 100,
      longestWithoutProgressMs: Math.round(Math.max(...watch.gaps)),
      storedFirstMib: storedFirst,
      storedSecondMib: storedSecond,
      storedRatio: Math.round((storedSecond / storedFirst) * 1e4) / 1e4,
      incrementalSeconds: second.wall,
      restoreSeconds: [restoreFirst, restoreSecond],
      restoredIdentical: [firstSame, same("v2.img")],
    });
  }
  await stopService(service);
}
Object.assign(result, {
  fullSeconds: full,
  resticFullSeconds: resticFull,
  fullMedian: median(full),
  resticMedian: median(resticFull),
});
rmSync(work, { recursive: true, force: true });
const folder = new URL("results/", import.meta.url);
if (!existsSync(folder)) mkdirSync(folder);
writeFileSync(new URL("spine.json", folder), `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
