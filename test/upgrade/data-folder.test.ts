/** Does today's service take over a data folder that an earlier one wrote, with everything that is in it? */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeyring, defaultDomain } from "../../core/app/repository/keyring.ts";
import { RECORDS_VERSION } from "../../core/app/upgrade/version.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { openHostFolder } from "../../local/host-folder.ts";
import { type Service, startService } from "../../local/service.ts";
import { type ApiClient, type BackupView, signIn, type TaskView, type VaultView } from "../support/api-client.ts";
import { contentOf, copyFixture, type FixtureCopy, facts, itemsOf, sha256 } from "./fixture.ts";

const { vaults, backups, deleted, disks, server, tasks } = facts();

let copy: FixtureCopy;
let service: Service | undefined;
let lines: string[];
beforeEach(() => {
  copy = copyFixture();
  lines = [];
});
afterEach(async () => {
  await service?.stop(1_200);
  service = undefined;
  copy.remove();
});

async function start(): Promise<ApiClient> {
  const log = ({ text }: { readonly text: string }) => void lines.push(text);
  service = await startService({ dataDir: copy.data, port: 0, host: "127.0.0.1", log });
  return signIn(service.credentials);
}
async function stop(): Promise<void> {
  await service?.stop(1_200);
  service = undefined;
}
async function idle(client: ApiClient): Promise<TaskView[]> {
  for (;;) {
    const { operation_logs } = await client.get<{ operation_logs: TaskView[] }>("/operation-logs");
    if (operation_logs.every(({ status }) => status !== "running" && status !== "waiting")) return operation_logs;
    await sleep(20);
  }
}
const restoring = (of: "data" | "system") => ({
  restore: of === "data" ? { volume_id: disks.data } : { server_id: server },
});
const brought = () => lines.filter((line) => /brought up/.test(line));

test("is brought up at the first start, which says from which version; the next one has nothing to do", async () => {
  await start();
  expect(brought()).toEqual([`the data folder was brought up from version 1 to version ${RECORDS_VERSION}`]);
  await stop();
  expect(JSON.parse(readFileSync(join(copy.data, "holdfast.json"), "utf8"))).toMatchObject({ format: 2, ready: true });
  await start();
  expect(brought()).toHaveLength(1);
});

test("shows its vaults, backups and tasks; what was deleted stays deleted; its account and keys open it", async () => {
  const client = await start();
  const shown = await client.get<{ vaults: VaultView[] }>("/vaults");
  expect(shown.vaults.map(({ id }) => id).sort()).toEqual(Object.values(vaults).sort());
  expect(shown.vaults.map(({ billing }) => billing.status)).toEqual(["available", "available"]);
  const listed = await client.get<{ backups: (BackupView & { name: string })[]; count: number }>("/backups");
  expect(listed.backups.map(({ id, name, status }) => ({ id, name, status })).reverse()).toEqual(
    backups.map(({ id, name }) => ({ id, name, status: "available" })),
  );
  expect(await client.ask("GET", `/backups/${deleted}`)).toMatchObject({
    status: 404,
    body: { error_code: "BackupService.6200" },
  });
  expect(await idle(client)).toHaveLength(tasks);
  const { tags } = await client.get<{ tags: object[] }>(`/vault/${vaults.disks}/tags`);
  expect(tags).toEqual([{ key: "made", value: "long-ago" }]);
  for (const [of, id] of [["data", vaults.disks] as const, ["system", vaults.servers] as const]) {
    const { vault } = await client.get<{ vault: VaultView }>(`/vaults/${id}`);
    expect(vault.billing.used).toBe(backups.findLast((backup) => backup.of === of)?.used);
  }
});

test("verifies block by block, and restores each backup to the byte", async () => {
  const client = await start();
  const { project_id } = service?.credentials ?? { project_id: "" };
  for (const { id, of, version } of backups) {
    writeFileSync(copy.disk(of), contentOf(of, 99));
    await client.post(`/backups/${id}/restore`, restoring(of));
    const [newest] = await idle(client);
    expect(newest).toMatchObject({ operation_type: "restore", status: "success" });
    expect([id, sha256(readFileSync(copy.disk(of)))]).toEqual([id, sha256(contentOf(of, version))]);
  }
  await stop();
  const { objects, blocks, keys, records, close } = await openHostFolder(copy.data, { create: false });
  const domain = await createKeyring({ objects, keys, randomBytes: (n) => new Uint8Array(n) }).open(
    defaultDomain(project_id),
  );
  const plane = createDataPlane({ objects, blocks });
  for (const { id } of backups) {
    const { items } = await records.query({ pk: `B#${id}`, sk: { prefix: "D#" }, limit: 10, consistent: true });
    expect(items).toHaveLength(1);
    for (const { body } of items) {
      const rootId = String(body.id);
      const range = { firstLeaf: 0, endLeaf: 1 };
      const { damaged, checked } = await plane.verify({ domain, rootId, depth: "data", budgetMs: 10_000, ...range });
      expect([damaged, checked > 0]).toEqual([[], true]);
    }
  }
  close();
});

test("goes on with incremental backups: only what changed since the last one of the earlier service is stored", async () => {
  const client = await start();
  // The fixture ends with a restore to the first content: the newest backup holds the third.
  writeFileSync(copy.disk("data"), contentOf("data", 4));
  const before = itemsOf(copy.data).filter(({ pk }) => pk.startsWith("CH#")).length;
  const { checkpoint } = await client.post<{ checkpoint: { id: string } }>("/checkpoints", {
    checkpoint: { vault_id: vaults.disks },
  });
  await idle(client);
  const [made] = (await client.get<{ backups: BackupView[] }>(`/backups?checkpoint_id=${checkpoint.id}`)).backups;
  expect(made).toMatchObject({ status: "available", incremental: true });
  const { vault } = await client.get<{ vault: VaultView }>(`/vaults/${vaults.disks}`);
  // One block of three differs, half a MB: the chain goes on where it ended, it does not begin anew with 1 MB more.
  const { used } = backups.findLast(({ of }) => of === "data") ?? { used: 0 };
  expect(vault.billing.used - used).toBeLessThanOrEqual(1);
  expect(itemsOf(copy.data).filter(({ pk }) => pk.startsWith("CH#"))).toHaveLength(before + 1);
  writeFileSync(copy.disk("data"), contentOf("data", 99));
  await client.post(`/backups/${made?.id}/restore`, restoring("data"));
  await idle(client);
  expect(sha256(readFileSync(copy.disk("data")))).toBe(sha256(contentOf("data", 4)));
});

test("takes what the earlier service did not know: a policy, the trash, an audit trail, metering of every vault", async () => {
  const client = await start();
  const due = itemsOf(copy.data).filter(({ pk }) => pk.startsWith("DUE#"));
  const named = (kind: string) =>
    due
      .map(({ sk }) => sk.split("#"))
      .flatMap(([, k, id]) => (k === kind ? [id] : []))
      .sort();
  expect(named("meter")).toEqual(Object.values(vaults).sort());
  expect(named("collect")).toEqual([defaultDomain(service?.credentials.project_id ?? "")]);
  const trigger = { properties: { pattern: ["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30"] } };
  const policy = { name: "p", operation_definition: { max_backups: 7 }, trigger };
  const made = await client.post<{ policy: { id: string } }>("/policies", { policy });
  await client.post(`/vaults/${vaults.servers}/associatepolicy`, { policy_id: made.policy.id });
  const [one] = backups;
  await client.delete(`/backups/${one?.id}`);
  await idle(client);
  expect((await client.get<{ count: number }>("/holdfast/trash")).count).toBe(1);
  await client.post(`/holdfast/backups/${one?.id}/undelete`, {});
  await idle(client);
  expect((await client.get<{ backup: BackupView }>(`/backups/${one?.id}`)).backup.status).toBe("available");
  expect((await client.get<{ count: number }>("/holdfast/audit")).count).toBeGreaterThan(3);
});

test("a new folder has the version from its beginning: nothing is brought up, then or later", async () => {
  rmSync(copy.data, { recursive: true });
  for (let n = 0; n < 2; n++) {
    await start();
    await stop();
  }
  expect(brought()).toEqual([]);
  const [row] = itemsOf(copy.data).filter(({ pk }) => pk === "VERSION");
  expect(row?.body).toEqual({ schema: 1, version: RECORDS_VERSION });
});

test("of a newer version is refused with what to do, and left as it is", async () => {
  await start();
  await stop();
  const db = new DatabaseSync(join(copy.data, "records.sqlite"));
  db.exec(
    `UPDATE items SET body = replace(body, '"version":${RECORDS_VERSION}', '"version":${RECORDS_VERSION + 1}') WHERE pk = 'VERSION'`,
  );
  db.close();
  const before = itemsOf(copy.data);
  await expect(start()).rejects.toThrow(
    `the records have version ${RECORDS_VERSION + 1}, this Holdfast knows versions up to ${RECORDS_VERSION}: use the newer Holdfast that wrote them`,
  );
  expect(itemsOf(copy.data)).toEqual(before);
  // Refused, and given back: nothing holds it.
  await expect(start()).rejects.toThrow("use the newer Holdfast");
});
