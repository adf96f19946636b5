/** The whole service on a temporary folder, spoken to over real HTTP with signed requests. */
import { randomUUID } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sign } from "../../cli/signing.ts";
import { type Service, type ServiceOptions, startService } from "../../local/service.ts";
import { type Answer, vaultBody } from "./vault-host.ts";

export interface LiveService {
  readonly folder: string;
  readonly url: string;
  /** One signed request; the path starts after the project. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** The same as `[status, code]`. */
  code(method: string, path: string, body?: unknown): Promise<[number, string | undefined]>;
  /** Makes an image of `size` bytes with these pieces (offset → text) and registers it. @returns id and path */
  disk(
    size: number,
    pieces?: Readonly<Record<number, string>>,
    change?: { readonly system?: boolean },
  ): Promise<{ readonly id: string; readonly path: string }>;
  server(diskIds: readonly string[]): Promise<string>;
  vault(resourceIds: readonly string[], kind?: "disk" | "server"): Promise<string>;
  /** Starts a run and waits for its end. @returns its backups by resource, as listed */
  backUp(vaultId: string, parameters?: object): Promise<Record<string, Answer["body"]>>;
  /** Starts a restore and waits for its end. @returns the task */
  restore(backupId: string, restore: object): Promise<Answer["body"]>;
  /** Waits until nothing runs. */
  idle(): Promise<void>;
  read(path: string): Buffer;
  /** Stops and starts again on the same folder. */
  restart(between?: () => void | Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Starts it; close it. */
export async function startLiveService(
  options: Partial<Pick<ServiceOptions, "hooks" | "log">> = {},
): Promise<LiveService> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-live-"));
  const start = () =>
    startService({
      dataDir: join(folder, "data"),
      port: 0,
      host: "127.0.0.1",
      log: options.log ?? (() => undefined),
      ...(options.hooks !== undefined && { hooks: options.hooks }),
    });
  let service: Service = await start();

  async function call(method: string, path: string, body?: unknown): Promise<Answer> {
    const { access_key: accessKey, secret_key: secretKey, project_id } = service.credentials;
    const url = new URL(`/v3/${project_id}${path}`, service.url);
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = sign(
      { method, url, headers: { "content-type": "application/json" }, body: text },
      { accessKey, secretKey },
      Date.now(),
    );
    delete headers.host;
    const answer = await fetch(url, { method, headers, ...(text !== "" && { body: text }) });
    const answered = await answer.text();
    return { status: answer.status, body: answered === "" ? undefined : JSON.parse(answered) };
  }
  async function must(method: string, path: string, body?: unknown): Promise<Answer["body"]> {
    const answer = await call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
  const self: LiveService = {
    folder,
    get url() {
      return service.url;
    },
    call,
    async code(method, path, body) {
      const answer = await call(method, path, body);
      return [answer.status, answer.body?.error_code];
    },
    async disk(size, pieces = {}, change = {}) {
      const path = join(folder, `${randomUUID()}.img`);
      const file = openSync(path, "w");
      ftruncateSync(file, size);
      for (const [at, text] of Object.entries(pieces)) writeSync(file, text, Number(at));
      closeSync(file);
      const { resource } = await must("POST", "/holdfast/resources", {
        resource: { kind: "disk", path, name: "a-disk", ...change },
      });
      return { id: resource.id, path };
    },
    async server(disk_ids) {
      const { resource } = await must("POST", "/holdfast/resources", {
        resource: { kind: "server", name: "a-server", disk_ids },
      });
      return resource.id;
    },
    async vault(ids, kind = "disk") {
      const type = kind === "disk" ? "OS::Cinder::Volume" : "OS::Nova::Server";
      const resources = ids.map((id) => ({ id, type }));
      return (await must("POST", "/vaults", vaultBody({ resources }, { object_type: kind }))).vault.id;
    },
    async backUp(vault_id, parameters) {
      const { checkpoint } = await must("POST", "/checkpoints", {
        checkpoint: { vault_id, ...(parameters && { parameters }) },
      });
      await self.idle();
      const { backups } = await must("GET", `/backups?checkpoint_id=${checkpoint.id}`);
      return Object.fromEntries(backups.map((one: { resource_id: string }) => [one.resource_id, one]));
    },
    async restore(backupId, restore) {
      const { job_id } = await must("POST", `/backups/${backupId}/restore`, { restore });
      await self.idle();
      return (await must("GET", `/operation-logs/${job_id}`)).operation_log;
    },
    async idle() {
      while ((await must("GET", "/operation-logs?status=running&limit=1")).operation_logs.length > 0) await sleep(20);
    },
    read: (path) => readFileSync(path),
    async restart(between) {
      await service.stop(5_000);
      await between?.();
      service = await start();
    },
    async close() {
      await service.stop(5_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}
