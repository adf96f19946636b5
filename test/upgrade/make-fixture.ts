/**
 * Writes the data folder that every later version must be able to bring up: test/fixtures/data-folder-v1.
 *
 *   node test/upgrade/make-fixture.ts CHECKOUT
 *
 * CHECKOUT holds the version that writes it: the one-machine service as it was with AWS as a second host, before collections, trash,
 * policies, roles and metering. Run once, never again: the fixture proves nothing when it is made by the version that reads it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "../../local/credentials.ts";
import { type ApiClient, signIn, type TaskView } from "../support/api-client.ts";
import { contentOf, DISKS, FIXTURE, type FixtureFacts } from "./fixture.ts";

const checkout = resolve(process.argv[2] ?? "");
const data = join(FIXTURE, "data");
rmSync(FIXTURE, { recursive: true, force: true });
mkdirSync(FIXTURE, { recursive: true });
mkdirSync(DISKS, { recursive: true });
const write = (name: "data" | "system", version: number) => writeFileSync(join(DISKS, name), contentOf(name, version));
write("data", 1);
write("system", 1);

const service = spawn(process.execPath, [join(checkout, "cli/main.ts"), "--data", data, "serve", "--port", "0"], {
  stdio: ["ignore", "pipe", "inherit"],
});
await once(service.stdout, "data");
const client = await signIn(JSON.parse(readFileSync(join(data, "credentials.json"), "utf8")) as Credentials);

type Row = { readonly id: string };
const add = async (resource: object): Promise<string> =>
  (await client.post<{ resource: Row }>("/holdfast/resources", { resource })).resource.id;
const disk = (name: string, system: boolean) =>
  add({ kind: "disk", path: join(DISKS, name), name, system, force_raw: true });
const vault = async (name: string, object_type: string, resources: readonly object[]): Promise<string> => {
  const billing = { object_type, protect_type: "backup", consistent_level: "crash_consistent", size: 100 };
  const tags = [{ key: "made", value: "long-ago" }];
  return (await client.post<{ vault: Row }>("/vaults", { vault: { name, billing, resources, tags } })).vault.id;
};

async function idle(api: ApiClient): Promise<TaskView[]> {
  for (;;) {
    const { operation_logs } = await api.get<{ operation_logs: TaskView[] }>("/operation-logs");
    if (operation_logs.every(({ status }) => status !== "running" && status !== "waiting")) return operation_logs;
    await sleep(50);
  }
}

const backups: FixtureFacts["backups"][number][] = [];
async function backUp(vaultId: string, of: "data" | "system", version: number): Promise<string> {
  const made = await client.post<{ checkpoint: Row }>("/checkpoints", { checkpoint: { vault_id: vaultId } });
  await idle(client);
  const path = `/backups?checkpoint_id=${made.checkpoint.id}`;
  const [row] = (await client.get<{ backups: { id: string; name: string }[] }>(path)).backups;
  const { billing } = (await client.get<{ vault: { billing: { used: number } } }>(`/vaults/${vaultId}`)).vault;
  if (row === undefined) throw new Error("no backup was made");
  backups.push({ id: row.id, name: row.name, of, version, used: billing.used });
  return row.id;
}

const disks = { data: await disk("data", false), system: await disk("system", true) };
const server = await add({ kind: "server", name: "srv", disk_ids: [disks.system] });
const vaults = {
  disks: await vault("disks", "disk", [{ id: disks.data, type: "OS::Cinder::Volume" }]),
  servers: await vault("servers", "server", [{ id: server, type: "OS::Nova::Server" }]),
};
const first = await backUp(vaults.disks, "data", 1);
write("data", 2);
const deleted = await backUp(vaults.disks, "data", 2);
write("data", 3);
await backUp(vaults.disks, "data", 3);
await backUp(vaults.servers, "system", 1);
await client.delete(`/backups/${deleted}`);
await idle(client);
await client.post(`/backups/${first}/restore`, { restore: { volume_id: disks.data } });
const tasks = (await idle(client)).length;

service.kill("SIGTERM");
await once(service, "exit");
const commit = spawnSync("git", ["-C", checkout, "rev-parse", "HEAD"], { encoding: "utf8" }).stdout.trim();
const kept = backups.filter(({ id }) => id !== deleted);
const facts: FixtureFacts = { commit, disks, server, vaults, backups: kept, deleted, tasks };
writeFileSync(join(FIXTURE, "facts.json"), `${JSON.stringify(facts, null, 2)}\n`);
rmSync(DISKS, { recursive: true });
