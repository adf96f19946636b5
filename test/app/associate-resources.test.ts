/** What a vault with auto_bind takes by itself when its policy fires (ABD-01..11). */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPolicy } from "../../core/app/policies/create-policy.ts";
import { associateResources } from "../../core/app/vaults/associate-resources.ts";
import { showVault } from "../../core/app/vaults/show-vault.ts";
import { GIB } from "../../core/domain/values.ts";
import type { Notice } from "../../core/ports/notifier.ts";
import {
  CALLER,
  createVaultHost,
  diskResource,
  PROJECT,
  serverResource,
  type VaultHost,
  vaultBody,
} from "../support/vault-host.ts";

let host: VaultHost;
let notices: Notice[];
beforeEach(() => {
  host = createVaultHost();
  notices = [];
});
afterEach(() => host.close());

const create = async (change: object = {}, billing: object = {}): Promise<string> =>
  (await host.call("POST", "/vaults", vaultBody({ auto_bind: true, ...change }, billing))).body.vault.id;
const services = () =>
  host.over(host.records, { notifier: { notify: async (notice: Notice) => void notices.push(notice) } });
const found = (id: string) => showVault(host.services, PROJECT, id);
const associate = async (id: string) => associateResources(services(), await found(id));
const policy = async (hour: number, enabled = true): Promise<string> => {
  const patterns = [`FREQ=DAILY;INTERVAL=1;BYHOUR=${hour};BYMINUTE=00`];
  const draft = { name: "nightly", operationType: "backup", enabled, operationDefinition: {}, patterns } as const;
  return (await createPolicy(services(), CALLER, draft)).policy.id;
};
const held = async (id: string) => (await found(id)).bindings.map((b) => b.resourceId);
const tags = [{ key: "env", value: "prod" }];

describe("a vault with auto_bind", () => {
  it("ABD-01, ABD-03: takes the unprotected resources of its type that can be bound", async () => {
    for (const id of ["d1", "d2", "d3"]) host.resources.addDisk(id);
    host.resources.addDisk("broken", { status: "error" });
    host.resources.addServer("srv", 2);
    await create({ auto_bind: false, resources: [diskResource("d2")] });
    await create({ auto_bind: false, resources: [serverResource("srv")] }, { object_type: "server" });
    const id = await create();
    expect(await associate(id)).toEqual({ bound: ["d1", "d3"], unplaced: [] });
    expect(await held(id)).toEqual(["d1", "d3"]);
    expect(await associate(id)).toEqual({ bound: [], unplaced: [] });
  });

  it("ABD-03: leaves a server whose disk is protected on its own", async () => {
    host.resources.addServer("srv", 2);
    host.resources.addServer("free", 1);
    await create({ auto_bind: false, resources: [diskResource("srv-d1")] });
    expect((await associate(await create({}, { object_type: "server" }))).bound).toEqual(["free"]);
  });

  it("ABD-04, ABD-10: takes those with one of its tags, and keeps them when the tag goes", async () => {
    host.resources.addDisk("d1", { tags });
    host.resources.addDisk("d2");
    const id = await create({ bind_rules: { tags: [...tags, { key: "x", value: "y" }] } });
    expect((await associate(id)).bound).toEqual(["d1"]);
    host.resources.addDisk("d1");
    await associate(id);
    expect(await held(id)).toEqual(["d1"]);
  });

  it("looks at the tags of resources alone: its own tags serve the search and nothing else (VLT-64)", async () => {
    host.resources.addDisk("tagged", { tags });
    host.resources.addDisk("bare");
    const own = [{ key: "env", value: "test" }];
    host.resources.addDisk("tagged-as-the-vault", { tags: own });
    const wants = await create({ bind_rules: { tags }, tags: own });
    expect((await associate(wants)).bound).toEqual(["tagged"]);
    // Without rules it takes everything, whatever it is tagged with itself.
    const open = await create({ tags });
    expect((await associate(open)).bound).toEqual(["bare", "tagged-as-the-vault"]);
    const search = { action: "filter", tags: [{ key: "env", values: ["prod"] }] };
    const answer = await host.call("POST", "/vault/resource_instances/action", search);
    expect(answer.body.resources.map((one: { resource_id: string }) => one.resource_id)).toEqual([open]);
  });

  it("ABD-06, ABD-07: takes what it has room for; the rest goes to the next one, or is told of", async () => {
    for (const id of ["d1", "d2", "d3"]) host.resources.addDisk(id, { size: 30 * GIB });
    const id = await create({}, { size: 100 });
    const next = await create({ backup_policy_id: await policy(5) }, { size: 50 });
    expect(await associate(id)).toEqual({ bound: ["d1", "d2"], unplaced: [] });
    expect(await held(next)).toEqual([]);
    expect((await associate(next)).bound).toEqual(["d3"]);
    host.resources.addDisk("d4", { size: 30 * GIB });
    expect(await associate(id)).toEqual({ bound: [], unplaced: ["d4"] });
  });

  it("ABD-02, ABD-06: leaves nothing to vaults that fire never, are of another kind, or have the wrong rules", async () => {
    host.resources.addDisk("d1", { size: 100 * GIB });
    const id = await create({}, { size: 50 });
    const [on, off] = [await policy(5), await policy(5, false)];
    await create({}, { size: 500 });
    await create({ backup_policy_id: off }, { size: 500 });
    await create({ backup_policy_id: on, auto_bind: false }, { size: 500 });
    await create({ backup_policy_id: on }, { size: 500, object_type: "server" });
    await create({ backup_policy_id: on, bind_rules: { tags } }, { size: 500 });
    expect(await associate(id)).toEqual({ bound: [], unplaced: ["d1"] });
    await create({ backup_policy_id: on }, { size: 500 });
    expect(await associate(id)).toEqual({ bound: [], unplaced: [] });
  });

  it("ABD-11: tells what came of it, unless the vault is silenced (CAP-26)", async () => {
    host.resources.addDisk("d1");
    await associate(await create());
    expect(notices).toMatchObject([{ topic: "vault.associated", severity: "info", facts: { bound: 1, unplaced: 0 } }]);
    host.resources.addDisk("d2");
    await associate(await create({ smn_notify: false }));
    expect(notices).toHaveLength(1);
  });

  it("ABD-09: takes nothing once auto_bind is off; what is bound stays", async () => {
    host.resources.addDisk("d1");
    const id = await create();
    await associate(id);
    await host.call("PUT", `/vaults/${id}`, { vault: { auto_bind: false } });
    host.resources.addDisk("d2");
    expect((await associate(id)).bound).toEqual([]);
    expect(await held(id)).toEqual(["d1"]);
  });

  it("is not kept from the others by one that cannot be bound after all", async () => {
    for (const id of ["d1", "d2", "d3"]) host.resources.addDisk(id);
    const id = await create();
    // Gone between the list and the binding.
    const find = host.resources.find;
    const lossy = { ...host.resources, find: async (one: string) => (one === "d2" ? undefined : find(one)) };
    const over = host.over(host.records, { resources: lossy, notifier: { notify: async () => undefined } });
    expect((await associateResources(over, await found(id))).bound).toEqual(["d1", "d3"]);
  });
});
