/** How much longer than `holdfast store backup` does the same backup take through the service? */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiClient, signIn } from "../../test/support/api-client.ts";
import { emptyFolder, warm } from "./folders.ts";
import { backupArguments, storeIn } from "./holdfast.ts";
import { measure, median, round, run, say, settle } from "./measure.ts";

export interface ServiceResult {
  readonly rounds: number;
  /** Seconds: through the API from sending the request to the task's `ended_at`, and of the whole process `store backup`. */
  readonly full: readonly (readonly [service: number, store: number])[];
  readonly incremental: readonly (readonly [service: number, store: number])[];
  /** Medians: full by the service against the store; seconds that an incremental takes longer. */
  readonly fullRatio: number;
  readonly incrementalExtra: number;
}

/** v1.img, then v2.img in the same file, every block read both times. */
export async function measureService(
  images: string,
  work: string,
  entry: string,
  rounds: number,
): Promise<ServiceResult> {
  const disk = join(work, "disk.img");
  const full: [number, number][] = [];
  const incremental: [number, number][] = [];
  for (let number = 1; number <= rounds; number++) {
    copyFileSync(join(images, "v1.img"), disk);
    const service = await startService(entry, emptyFolder(join(work, "data")));
    const store = storeIn(entry, emptyFolder(join(work, "state")));
    run(store.command(["init"]));
    try {
      const vault = await vaultWith(service.api, disk);
      const pair = async (): Promise<[number, number]> => {
        const apart = async (): Promise<number> => {
          warm(disk);
          settle();
          return (await measure(store.command(backupArguments("disk", { image: disk })))).wall;
        };
        const through = (): Promise<number> => {
          warm(disk);
          settle();
          return backUp(service.api, vault);
        };
        // Each is first in every second round.
        if (number % 2 === 0) return [await through(), await apart()];
        const alone = await apart();
        return [await through(), alone];
      };
      full.push(await pair());
      copyFileSync(join(images, "v2.img"), disk);
      incremental.push(await pair());
      say(`service: round ${number}, full ${full.at(-1)} s, incremental ${incremental.at(-1)} s (service, store)`);
    } finally {
      await stop(service.child);
    }
  }
  const of = (pairs: readonly [number, number][], which: 0 | 1): number => median(pairs.map((pair) => pair[which]));
  return {
    ...{ rounds, full, incremental },
    fullRatio: round(of(full, 0) / of(full, 1), 3),
    incrementalExtra: round(of(incremental, 0) - of(incremental, 1), 3),
  };
}

interface Service {
  readonly child: ChildProcess;
  readonly api: ApiClient;
}

async function startService(entry: string, data: string): Promise<Service> {
  const child = spawn(process.execPath, [entry, "serve", "--data", data, "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`the service did not start: exit code ${code}`)));
  });
  return { child, api: await signIn(JSON.parse(readFileSync(join(data, "credentials.json"), "utf8"))) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
}

interface IdRow {
  readonly id: string;
}

async function vaultWith(api: ApiClient, path: string): Promise<string> {
  const { resource } = await api.post<{ resource: IdRow }>("/holdfast/resources", {
    resource: { kind: "disk", path, name: "bench" },
  });
  const billing = { object_type: "disk", protect_type: "backup", size: 100 };
  const resources = [{ id: resource.id, type: "OS::Cinder::Volume" }];
  const { vault } = await api.post<{ vault: IdRow }>("/vaults", { vault: { name: "bench", billing, resources } });
  return vault.id;
}

/** Seconds from sending the request to `ended_at`: both are clocks of this machine. */
async function backUp(api: ApiClient, vaultId: string): Promise<number> {
  const sent = Date.now();
  await api.post("/checkpoints", { checkpoint: { vault_id: vaultId } });
  const { operation_logs: tasks } = await api.get<{ operation_logs: IdRow[] }>("/operation-logs?limit=1");
  for (;;) {
    const { operation_log: task } = await api.get<{ operation_log: Task }>(`/operation-logs/${tasks[0]?.id}`);
    if (task.status === "success") return (utc(task.ended_at) - sent) / 1000;
    if (task.status !== "running" && task.status !== "waiting")
      throw new Error(`the backup ended as ${task.status}: ${JSON.stringify(task.error_info)}`);
    // Seldom enough that asking costs nothing: the end is read from the task.
    await sleep(250);
  }
}

interface Task {
  readonly status: string;
  readonly ended_at: string;
  readonly error_info: object;
}

/** The API's times are UTC and may say so or not. */
function utc(time: string): number {
  return Date.parse(/Z$|[+-]\d\d:?\d\d$/.test(time) ? time : `${time}Z`);
}
