/** Do tags of vaults behave on the wire as clients need them to? (#53–#58) */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createVaultHost, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

type Tag = { key: string; value: string };
const create = async (change: object = {}, billing: object = {}): Promise<string> => {
  const { body } = await host.call("POST", "/vaults", vaultBody(change, billing));
  host.clock.now += 1;
  return body.vault.id;
};
const tagsOf = async (id: string): Promise<Tag[]> => (await host.call("GET", `/vault/${id}/tags`)).body.tags;
const refusal = async (method: string, path: string, body?: unknown) => {
  const answer = await host.call(method, path, body);
  return [answer.status, answer.body?.error_code, answer.body?.error_msg];
};
const nobody = "11111111-1111-4111-8111-111111111111";

describe("one vault's tags", () => {
  it("#53 sets one by key, new or known; #54 and the vault show them in order", async () => {
    const id = await create({ tags: [{ key: "b", value: "1" }] });
    for (const tag of [
      { key: "a", value: "2" },
      { key: "b", value: "3" },
      { key: " c ", value: "" },
    ])
      expect(await host.call("POST", `/vault/${id}/tags`, { tag })).toEqual({ status: 204, body: undefined });
    const tags = [
      { key: "b", value: "3" },
      { key: "a", value: "2" },
      { key: "c", value: "" },
    ];
    expect(await tagsOf(id)).toEqual(tags);
    expect((await host.call("GET", `/vaults/${id}`)).body.vault.tags).toEqual(tags);
  });

  it("#55 deletes one by its key; one that is not there is 404 6601", async () => {
    const id = await create({
      tags: [
        { key: "a", value: "1" },
        { key: "单", value: "2" },
      ],
    });
    expect(await host.call("DELETE", `/vault/${id}/tags/${encodeURIComponent("单")}`)).toEqual({
      status: 204,
      body: undefined,
    });
    expect(await tagsOf(id)).toEqual([{ key: "a", value: "1" }]);
    expect(await refusal("DELETE", `/vault/${id}/tags/b`)).toEqual([
      404,
      "BackupService.6601",
      expect.stringContaining('"b"'),
    ]);
  });

  it("#56 takes the bodies of clients (clients.md 2.1): all old ones away, then all new ones", async () => {
    const id = await create({
      tags: [
        { key: "a", value: "1" },
        { key: "b", value: "2" },
      ],
    });
    const act = async (action: string, tags: object[]) =>
      (await host.call("POST", `/vault/${id}/tags/action`, { action, tags })).status;
    expect(await act("delete", [{ key: "a" }])).toBe(204);
    expect(await act("delete", [{ key: "b", value: "2" }, { key: "b" }, { key: "not there = * < >" }])).toBe(204);
    expect(await tagsOf(id)).toEqual([]);
    expect(
      await act("create", [
        { key: "x", value: "" },
        { key: "y", value: "1" },
      ]),
    ).toBe(204);
    expect(await act("create", [{ key: "y", value: "2" }])).toBe(204);
    expect(await tagsOf(id)).toEqual([
      { key: "x", value: "" },
      { key: "y", value: "2" },
    ]);
  });

  it("loses none of two that are set at once (CCY-02)", async () => {
    const id = await create();
    const set = (n: number) => host.call("POST", `/vault/${id}/tags`, { tag: { key: `k${n}`, value: "" } });
    await Promise.all(Array.from({ length: 8 }, (_, n) => set(n)));
    expect((await tagsOf(id)).map(({ key }) => key).sort()).toEqual(["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"]);
  });

  it("refuses the 21st (6600), and then sets none of the request", async () => {
    const id = await create({ tags: Array.from({ length: 19 }, (_, i) => ({ key: `k${i}`, value: "" })) });
    const tags = [
      { key: "x", value: "" },
      { key: "y", value: "" },
    ];
    expect((await refusal("POST", `/vault/${id}/tags/action`, { action: "create", tags })).slice(0, 2)).toEqual([
      400,
      "BackupService.6600",
    ]);
    expect(await tagsOf(id)).toHaveLength(19);
  });

  it.each<[string, string, string, object | undefined, string]>([
    ["a key with a sign", "POST", "/tags", { tag: { key: "a=b", value: "" } }, "tag.key"],
    ["a key of 37 characters", "POST", "/tags", { tag: { key: "k".repeat(37), value: "" } }, "tag.key"],
    ["a value of 44 characters", "POST", "/tags", { tag: { key: "k", value: "v".repeat(44) } }, "tag.value"],
    ["no tag", "POST", "/tags", {}, "tag"],
    ["an unknown action", "POST", "/tags/action", { action: "merge", tags: [{ key: "k" }] }, "action"],
    ["a key twice", "POST", "/tags/action", { action: "create", tags: [{ key: "k" }, { key: "k" }] }, "tags"],
    ["no tags", "POST", "/tags/action", { action: "create", tags: [] }, "tags"],
    [
      "system tags",
      "POST",
      "/tags/action",
      { action: "create", tags: [{ key: "k" }], sys_tags: [{ key: "s" }] },
      "sys_tags",
    ],
  ])("refuses %s with 9900 and the field's name", async (_, method, path, body, field) => {
    const id = await create();
    const [status, code, text] = await refusal(method, `/vault/${id}${path}`, body);
    expect([status, code]).toEqual([400, "BackupService.9900"]);
    expect(text).toMatch(new RegExp(`^${field}\\b`));
  });

  it.each([
    ["POST", "/tags", { tag: { key: "k", value: "" } }],
    ["GET", "/tags", undefined],
    ["DELETE", "/tags/k", undefined],
    ["POST", "/tags/action", { action: "delete", tags: [{ key: "k" }] }],
  ])("answers 404 6105 for a vault that is not there: %s %s", async (method, path, body) => {
    expect((await refusal(method, `/vault/${nobody}${path}`, body)).slice(0, 2)).toEqual([404, "BackupService.6105"]);
  });
});

describe("tags over the project", () => {
  it("#57 lists each key with its values as an array (D-8)", async () => {
    await create({ tags: [{ key: "env", value: "prod" }] });
    await create({
      tags: [
        { key: "env", value: "test" },
        { key: "a", value: "" },
      ],
    });
    expect(await host.call("GET", "/vault/tags")).toEqual({
      status: 200,
      body: {
        tags: [
          { key: "a", values: [""] },
          { key: "env", values: ["prod", "test"] },
        ],
      },
    });
  });

  const action = "/vault/resource_instances/action";
  const found = async (body: object) => {
    const answer = await host.call("POST", action, { action: "filter", ...body });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    const names = answer.body.resources.map((r: { resource_name: string }) => r.resource_name);
    return [names, answer.body.total_count];
  };
  const three = async () => {
    await create({
      name: "Alpha",
      tags: [
        { key: "env", value: "prod" },
        { key: "team", value: "db" },
      ],
    });
    await create({ name: "beta", tags: [{ key: "env", value: "test" }] }, { object_type: "server" });
    await create({ name: "gamma", enterprise_project_id: "ep-1" }, { cloud_type: "hybrid" });
  };

  it.each<[string, object, string[]]>([
    ["nothing", {}, ["gamma", "beta", "Alpha"]],
    [
      "tags (AND)",
      {
        tags: [
          { key: "env", values: [] },
          { key: "team", values: ["db"] },
        ],
      },
      ["Alpha"],
    ],
    ["tags without values", { tags: [{ key: "env" }] }, ["beta", "Alpha"]],
    ["tags with a value that contains", { tags: [{ key: "env", values: ["*es"] }] }, ["beta"]],
    ["tags_any", { tags_any: [{ key: "team" }, { key: "env", values: ["test"] }] }, ["beta", "Alpha"]],
    ["not_tags", { not_tags: [{ key: "env" }, { key: "team" }] }, ["gamma", "beta"]],
    ["not_tags_any", { not_tags_any: [{ key: "env", values: ["prod"] }] }, ["gamma", "beta"]],
    ["without_any_tag", { without_any_tag: true, tags: [{ key: "env" }] }, ["gamma"]],
    ["a name, in any case", { matches: [{ key: "resource_name", value: "AL" }] }, ["Alpha"]],
    ["an empty name, exactly", { matches: [{ key: "resource_name", value: "" }] }, []],
    ["object_type", { object_type: "server" }, ["beta"]],
    ["cloud_type", { cloud_type: "hybrid" }, ["gamma"]],
    ["the enterprise project", { sys_tags: [{ key: "_sys_enterprise_project_id", values: ["ep-1"] }] }, ["gamma"]],
  ])("#58 finds by %s", async (_, body, names) => {
    await three();
    expect(await found(body)).toEqual([names, names.length]);
    const counted = await host.call("POST", action, { action: "count", ...body });
    expect(counted).toEqual({ status: 200, body: { total_count: names.length } });
  });

  it("#58 pages by strings, numbers or nothing, and counts all pages", async () => {
    await three();
    expect(await found({ limit: "1" })).toEqual([["gamma"], 3]);
    expect(await found({ limit: "2", offset: "1" })).toEqual([["beta", "Alpha"], 3]);
    expect(await found({ limit: 1, offset: 9 })).toEqual([[], 3]);
  });

  it("#58 shows the vault itself as resource_detail, an object (D-14)", async () => {
    const id = await create({ tags: [{ key: "a", value: "1" }] });
    const { vault } = (await host.call("GET", `/vaults/${id}`)).body;
    const { resources } = (await host.call("POST", action, { action: "filter" })).body;
    expect(resources).toEqual([
      { resource_id: id, resource_name: vault.name, resource_detail: { vault }, tags: vault.tags, sys_tags: [] },
    ]);
  });

  it.each<[string, object, string]>([
    ["no action", {}, "action"],
    ["limit 0", { action: "filter", limit: "0" }, "limit"],
    ["limit 1001", { action: "filter", limit: "1001" }, "limit"],
    ["an offset that is no number", { action: "filter", offset: "x" }, "offset"],
    ["`*` alone", { action: "filter", tags: [{ key: "k", values: ["*"] }] }, "tags"],
    ["11 keys", { action: "filter", tags: Array.from({ length: 11 }, (_, i) => ({ key: `k${i}` })) }, "tags"],
    ["11 values", { action: "count", tags_any: [{ key: "k", values: Array(11).fill("v") }] }, "tags_any"],
    ["a match by another name", { action: "filter", matches: [{ key: "id", value: "v" }] }, "matches"],
    ["two matches", { action: "filter", matches: Array(2).fill({ key: "resource_name", value: "v" }) }, "matches"],
    [
      "system tags beside others",
      { action: "filter", tags: [{ key: "k" }], sys_tags: [{ key: "_sys_enterprise_project_id", values: ["0"] }] },
      "sys_tags",
    ],
  ])("#58 refuses %s with 9900 and the field's name", async (_, body, field) => {
    const [status, code, text] = await refusal("POST", action, body);
    expect([status, code]).toEqual([400, "BackupService.9900"]);
    expect(text).toMatch(new RegExp(`^${field}\\b`));
  });
});
