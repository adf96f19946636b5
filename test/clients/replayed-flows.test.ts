/** Do the flows of Terraform's providers and of Gopher end as they expect, call by call? clients.md §3 and §4. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClientName } from "./dialects.ts";
import { DISK, type ReplayedWorld, replayedWorld, TIME, terraformVault } from "./replayed-world.ts";

let world: ReplayedWorld;
beforeAll(async () => {
  world = await replayedWorld();
}, 120_000);
afterAll(() => world.live.close());

const PATTERN = ["FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=14;BYMINUTE=00"];
const ask: ReplayedWorld["ask"] = (...request) => world.ask(...request);

async function policyOf(client: ClientName, name: string): Promise<string> {
  const trigger = { properties: { pattern: PATTERN } };
  const policy = { name, enabled: true, operation_type: "backup", operation_definition: { max_backups: 5 }, trigger };
  return (await ask(client, "POST", "/policies", { policy })).body.policy.id;
}
/** Rows of all pages, asked for by offset until an empty one; every page has at most `limit`. */
async function pages(
  client: ClientName,
  list: string,
  query: string,
  limit?: number,
): Promise<{ readonly id: string }[]> {
  const rows: { readonly id: string }[] = [];
  for (;;) {
    const page = `${query}${limit === undefined ? "" : `&limit=${limit}`}&offset=${rows.length}`;
    const { status, body } = await ask(client, "GET", `/${list}?${page}`);
    expect(status).toBe(200);
    const found = body[list.replaceAll("-", "_")];
    if (found.length === 0) return rows;
    expect(found.length).toBeLessThanOrEqual(limit ?? 1000);
    rows.push(...found);
  }
}

describe("TF-HW", () => {
  it("a vault: created, bound, tagged, filled, planned again without a change, destroyed", async () => {
    const policy = await policyOf("TF-HW", "tf-policy");
    const disk = await world.live.disk(1024 * 1024);
    const { id } = await world.vault("tf-vault");
    const bound = await ask("TF-HW", "POST", `/vaults/${id}/associatepolicy`, { policy_id: policy });
    expect([bound.status, bound.body.associate_policy]).toEqual([200, { policy_id: policy, vault_id: id }]);
    const act = async (action: string, tags: readonly object[]) =>
      expect([200, 204]).toContain((await ask("TF-HW", "POST", `/vault/${id}/tags/action`, { action, tags })).status);
    const [old, later] = [
      [
        { key: "foo", value: "bar" },
        { key: "key", value: "" },
      ],
      [{ key: "foo", value: "baz" }],
    ];
    await act("create", old);
    const resources = [{ id: disk.id, type: DISK, extra_info: {} }];
    expect((await ask("TF-HW", "POST", `/vaults/${id}/addresources`, { resources })).status).toBe(200);
    const { vault } = (await ask("TF-HW", "GET", `/vaults/${id}`)).body;
    expect(vault).toMatchObject({ auto_bind: false, auto_expand: false, locked: false, tags: old });
    expect(vault.resources).toMatchObject([{ id: disk.id, type: DISK }]);
    expect((await ask("TF-HW", "GET", `/policies?vault_id=${id}`)).body.policies).toMatchObject([{ id: policy }]);
    await act("delete", old);
    await act("create", later);
    expect((await ask("TF-HW", "GET", `/vaults/${id}`)).body.vault.tags).toEqual(later);
    expect([202, 204]).toContain((await ask("TF-HW", "DELETE", `/vaults/${id}`)).status);
    await world.live.idle();
    expect((await ask("TF-HW", "GET", `/vaults/${id}`)).status).toBe(404);
  });

  it("data sources: pages by offset until an empty one, and the lists without pages", async () => {
    const one = await world.backedUp("tf-data");
    await world.live.backUp(one.vault);
    const data = "TF-HW, data source" as const;
    expect(await pages(data, "vaults", "cloud_type=public&name=tf-data", 100)).toMatchObject([{ id: one.vault }]);
    expect(await pages(data, "backups", `vault_id=${one.vault}`)).toHaveLength(2);
    expect(new Set((await pages(data, "backups", `vault_id=${one.vault}`, 1)).map(({ id }) => id)).size).toBe(2);
    const logs = await pages(data, "operation-logs", "", 1000);
    expect(logs.length).toBeGreaterThan(1);
    const disks = (await ask(data, "GET", "/protectables/disk/instances?limit=50")).body;
    expect(disks.instances.map(({ id }: { id: string }) => id)).toContain(one.disk);
    for (const path of ["/vaults/summary", "/vault/tags", "/replication-capabilities"])
      expect([path, (await ask(data, "GET", path)).status]).toEqual([path, 200]);
    // What its schema cannot decode fails the whole data source.
    for (const log of logs as Record<string, unknown>[]) {
      const extra = log.extra_info as Record<string, Record<string, unknown> | null | undefined> | null;
      expect(extra?.resource?.extra_info ?? null).toBeNull();
      expect(["boolean", "undefined"]).toContain(typeof extra?.backup?.incremental);
      for (const time of [log.created_at, log.started_at, log.ended_at]) expect(time).toMatch(TIME);
    }
  });

  it("a restore point and a restore, each looked at until it is done", async () => {
    const { vault, disk } = await world.backedUp("tf-point");
    const parameters = {
      auto_trigger: false,
      incremental: true,
      name: "tf-point",
      resource_details: [{ extra_info: {}, id: disk, type: DISK }],
    };
    const made = await ask("TF-HW", "POST", "/checkpoints", { checkpoint: { vault_id: vault, parameters } });
    expect(made.status).toBe(200);
    const { id } = made.body.checkpoint;
    await world.live.idle();
    expect((await ask("TF-HW", "GET", `/checkpoints/${id}`)).body.checkpoint.status).toBe("available");
    const [backup] = await pages("TF-HW", "backups", `checkpoint_id=${id}&incremental=true`);
    const restore = { power_on: false, volume_id: disk };
    const { status, body } = await ask("TF-HW", "POST", `/backups/${backup?.id}/restore`, { restore });
    expect([201, 202]).toContain(status);
    await world.live.idle();
    const log = (await ask("TF-HW", "GET", `/operation-logs/${body.job_id}`)).body.operation_log;
    expect(log).toMatchObject({ status: "success", operation_type: "restore" });
    expect(typeof log.extra_info.common.progress).toBe("number");
  });
});

describe("TF-OTC", () => {
  it("everything in the create, the same policy bound again, a disk taken out, vault and policy deleted at once", async () => {
    const policy = await policyOf("TF-OTC", "otc-policy");
    const disk = await world.live.disk(1024 * 1024);
    const { vault: wanted } = terraformVault("otc-vault") as { vault: { billing: object } };
    const tags = [{ key: "foo", value: "bar" }];
    const made = await ask("TF-OTC", "POST", "/vaults", {
      vault: {
        ...wanted,
        billing: { ...wanted.billing, charging_mode: "post_paid", period_type: "month" },
        backup_policy_id: policy,
        resources: [{ id: disk.id, type: DISK }],
        tags,
      },
    });
    expect([made.status, made.body.vault?.tags]).toEqual([200, tags]);
    const { id } = made.body.vault;
    expect((await ask("TF-OTC", "POST", `/vaults/${id}/associatepolicy`, { policy_id: policy })).status).toBe(200);
    const { vault } = (await ask("TF-OTC", "GET", `/vaults/${id}`)).body;
    expect(vault.resources).toMatchObject([{ id: disk.id }]);
    const taken = await ask("TF-OTC", "POST", `/vaults/${id}/removeresources`, { resource_ids: [disk.id] });
    expect(taken.status).toBe(200);
    expect([202, 204]).toContain((await ask("TF-OTC", "DELETE", `/vaults/${id}`)).status);
    expect([202, 204]).toContain((await ask("TF-OTC", "DELETE", `/policies/${policy}`)).status);
    await world.live.idle();
    expect((await ask("TF-OTC", "GET", `/vaults/${id}`)).status).toBe(404);
  });
});

describe("Gopher and GoSDK", () => {
  it("a locked vault without backups can be deleted", async () => {
    const { vault } = terraformVault("locked") as { vault: object };
    const made = await ask("Gopher", "POST", "/vaults", { vault: { ...vault, locked: true } });
    expect([made.status, made.body.vault.locked]).toEqual([200, true]);
    expect((await ask("Gopher", "DELETE", `/vaults/${made.body.vault.id}`)).status).toBe(204);
  });

  it("a restore point echoes its name and description, its sizes are texts; a backup's are numbers", async () => {
    const { vault, disk } = await world.backedUp("gopher");
    const parameters = { description: "by hand", incremental: true, name: "go-backup", resources: [disk] };
    const { checkpoint } = (
      await ask("Gopher", "POST", "/checkpoints", { checkpoint: { vault_id: vault, parameters } })
    ).body;
    expect(checkpoint.extra_info).toMatchObject({ name: "go-backup", description: "by hand" });
    await world.live.idle();
    const shown = (await ask("GoSDK", "GET", `/checkpoints/${checkpoint.id}`)).body.checkpoint;
    for (const resource of [...checkpoint.vault.resources, ...shown.vault.resources]) {
      for (const size of ["resource_size", "backup_size", "backup_count"])
        expect(["string", "undefined"]).toContain(typeof (resource[size] ?? undefined));
      expect(typeof (resource.extra_info ?? "")).toBe("string");
    }
    const [backup] = (await ask("GoSDK", "GET", `/backups?checkpoint_id=${checkpoint.id}`)).body.backups;
    expect(typeof backup.resource_size).toBe("number");
    expect(backup.created_at).toMatch(TIME);
  });

  it("a marker leads from page to page of backups and vaults, and past the last row is nothing", async () => {
    const { vault } = await world.backedUp("marker");
    await world.live.backUp(vault);
    for (const [list, filter] of [
      ["backups", `vault_id=${vault}`],
      ["vaults", "object_type=disk"],
    ] as const) {
      const all = (await ask("GoSDK", "GET", `/${list}?${filter}`)).body[list].map(({ id }: { id: string }) => id);
      const seen: string[] = [];
      for (let marker = ""; ; marker = `&marker=${seen.at(-1)}`) {
        const rows = (await ask("GoSDK", "GET", `/${list}?${filter}&limit=1${marker}`)).body[list];
        if (rows.length === 0) break;
        seen.push(rows[0].id);
      }
      expect([...seen].sort()).toEqual([...all].sort());
    }
  });

  it("a name where an id should be is 404 or 400, and the list by name has exactly the one", async () => {
    const { id } = await world.vault("by-name");
    await world.vault("by-name-too");
    expect([400, 404]).toContain((await ask("GoSDK", "GET", "/vaults/by-name")).status);
    const found = (await ask("GoSDK", "GET", "/vaults?name=by-name")).body.vaults;
    expect(found.filter((one: { name: string }) => one.name === "by-name")).toMatchObject([{ id }]);
  });
});
