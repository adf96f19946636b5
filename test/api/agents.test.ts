/** Are agents and their paths kept, and is it said plainly that none is installed anywhere? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_PATHS } from "../../core/domain/agent-paths.ts";
import { createVaultHost, serverResource, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const code = (n: string) => `BackupService.${n}`;
const draft = (change: object = {}) => ({
  agent: {
    agent_id: "agent-1",
    host_ip: "192.0.2.7",
    host_name: "files",
    host_os: "CentOS 7",
    agent_type: "native",
    agent_version: "1.20.3",
    host_nickname: "the file server",
    ...change,
  },
});
const register = (change: object = {}) => host.call("POST", "/agents", draft(change));
const addPaths = (body: object, id = "agent-1") => host.call("POST", `/agents/${id}/add-path`, body);
const removePaths = (...paths: string[]) => host.call("POST", "/agents/agent-1/remove-path", { remove_path: paths });
const show = async (id = "agent-1") => (await host.call("GET", `/agents/${id}`)).body.agent;

describe("registering (#59)", () => {
  it("AGT-01: an agent registers itself and is shown as it said", async () => {
    const { status, body } = await register();
    expect(status).toBe(200);
    expect(body.agent).toEqual({
      agent_id: "agent-1",
      agent_type: "native",
      agent_version: "1.20.3",
      host_ip: "192.0.2.7",
      host_name: "files",
      host_nickname: "the file server",
      host_os: "CentOS 7",
      status: "normal",
      last_active_time: "2030-01-02T03:04:05.678000",
      created_at: "2030-01-02T03:04:05.678000",
      updated_at: "2030-01-02T03:04:05.678000",
      paths: [],
    });
    expect(await show()).toEqual(body.agent);
  });

  it("AGT-01: once more is the same agent with news; its paths stay", async () => {
    await register();
    await addPaths({ add_path: ["/srv"] });
    host.clock.now += 60_000;
    const { body } = await register({ agent_version: "1.21.0", host_nickname: null });
    expect(body.agent).toMatchObject({ agent_version: "1.21.0", created_at: "2030-01-02T03:04:05.678000" });
    expect(body.agent.updated_at).toBe("2030-01-02T03:05:05.678000");
    expect(body.agent.paths).toHaveLength(1);
  });

  it.each([
    ["an id that no key could hold", { agent_id: "a#b" }, "7403", "agent_id: "],
    ["a bad address", { host_ip: "files" }, "9900", "agent.host_ip: must be an IP address"],
    ["a bad version", { agent_version: "1.2" }, "9900", "agent.agent_version: must be three numbers"],
    ["an unknown type", { agent_type: "x" }, "9900", "agent.agent_type: must be"],
    ["no name", { host_name: undefined }, "9900", "agent.host_name: is missing"],
  ])("refuses %s", async (_, change, number, text) => {
    const { status, body } = await register(change);
    expect(status).toBe(400);
    expect(body).toEqual({ error_code: code(number), error_msg: expect.stringContaining(text) });
  });
});

describe("listing and showing (#60, #61)", () => {
  it("filters by id and status, and pages", async () => {
    for (const id of ["a", "ab", "abc"]) {
      await register({ agent_id: id });
      host.clock.now += 1000;
    }
    await host.call("PUT", "/agents/ab", { agent: { status: "uninstall" } });
    const ids = async (query: string) => {
      const { body } = await host.call("GET", `/agents${query}`);
      return [body.agents.map((agent: { agent_id: string }) => agent.agent_id), body.count];
    };
    expect(await ids("")).toEqual([["abc", "ab", "a"], 3]);
    expect(await ids("?agent_id=a&agent_id=abc")).toEqual([["abc", "a"], 2]);
    expect(await ids("?status=uninstall")).toEqual([["ab"], 1]);
    expect(await ids("?limit=1&offset=1")).toEqual([["ab"], 3]);
    expect(await ids("?limit=1&marker=ab")).toEqual([["a"], 3]);
    expect(await ids("?offset=9")).toEqual([[], 3]);
  });

  it("answers 404 7410 for an agent that is not there, also for one whose id only begins alike", async () => {
    await register({ agent_id: "abc" });
    for (const id of ["ab", "abcd", "a%20b"]) {
      const { status, body } = await host.call("GET", `/agents/${id}`);
      expect([status, body.error_code]).toEqual([404, code("7410")]);
    }
  });
});

describe("updating and unregistering (#62, #63)", () => {
  it("AGT-03: uninstall is the only status that can be set", async () => {
    await register();
    expect((await host.call("PUT", "/agents/agent-1", { agent: { status: "uninstall" } })).body.agent.status).toBe(
      "uninstall",
    );
    const { status, body } = await host.call("PUT", "/agents/agent-1", { agent: { status: "normal" } });
    expect([status, body]).toEqual([400, { error_code: code("9900"), error_msg: 'agent.status: must be "uninstall"' }]);
  });

  it("AGT-03: unregistering answers 200 without a body, and takes the paths along", async () => {
    await register();
    await addPaths({ add_path: ["/a", "/b"] });
    expect(await host.call("DELETE", "/agents/agent-1")).toEqual({ status: 200, body: undefined });
    expect((await host.call("GET", "/agents/agent-1")).status).toBe(404);
    await register();
    expect((await show()).paths).toEqual([]);
  });

  it.each([
    ["PUT", "", { agent: { status: "uninstall" } }],
    ["DELETE", "", undefined],
    ["POST", "/add-path", { add_path: ["/a"] }],
    ["POST", "/remove-path", { remove_path: ["/a"] }],
  ])("%s …%s of an agent that is not there is 7410, of a bad id 7403", async (method, path, body) => {
    const missing = await host.call(method, `/agents/nobody${path}`, body);
    expect([missing.status, missing.body.error_code]).toEqual([404, code("7410")]);
    const bad = await host.call(method, `/agents/a%23b${path}`, body);
    expect([bad.status, bad.body.error_code]).toEqual([400, code("7403")]);
  });
});

describe("paths (#64, #65)", () => {
  beforeEach(() => register());

  it("AGT-02: what was there before is told as existed, and is no error", async () => {
    expect((await addPaths({ add_path: ["/a", "C:\\data", "/a"] })).body).toEqual({
      added: ["/a", "C:\\data"],
      existed: [],
    });
    expect((await addPaths({ add_path: ["/a", "/b"] })).body).toEqual({ added: ["/b"], existed: ["/a"] });
    const { paths } = await show();
    expect(paths.map((path: { dir_path: string }) => path.dir_path).sort()).toEqual(["/a", "/b", "C:\\data"]);
    expect(paths[0]).toMatchObject({ agent_id: "agent-1", status: "available", exclude_paths: "" });
    expect(paths[0].id).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  });

  it("AGT-02: what was not there is told as not existed, and is no error", async () => {
    await addPaths({ add_path: ["/a", "/b"] });
    expect((await removePaths("/b", "/c", "/b")).body).toEqual({ removed: ["/b"], not_existed: ["/c"] });
    expect((await show()).paths).toHaveLength(1);
  });

  it("keeps what is left out below a path, also for one that stands already", async () => {
    const exclude = (path: string, ...names: string[]) => [{ path_name: path, exclude_path_name: names }];
    await addPaths({ add_path: ["/a"], exclude_path: exclude("/a", "/a/tmp", "/a/log") });
    expect((await show()).paths[0].exclude_paths).toBe("/a/tmp,/a/log");
    await addPaths({ add_path: ["/b"], exclude_path: exclude("/a", "/a/cache") });
    expect((await show()).paths.find((path: { dir_path: string }) => path.dir_path === "/a").exclude_paths).toBe(
      "/a/cache",
    );
  });

  it.each([
    [{ add_path: ["relative"] }, "add_path[0]: must be absolute"],
    [{ add_path: [] }, "add_path: must have at least 1 element"],
    [{}, "add_path: is missing: must be a list"],
    [
      { add_path: ["/a"], exclude_path: [{ path_name: "/b", exclude_path_name: [] }] },
      "exclude_path[0].path_name: must be a path that is added",
    ],
    [
      { add_path: ["/a"], exclude_path: [{ path_name: "/a", exclude_path_name: ["/ab"] }] },
      "exclude_path[0].exclude_path_name[0]: must lie below /a",
    ],
  ])("refuses %j with 9900", async (body, text) => {
    const { status, body: answer } = await addPaths(body);
    expect(status).toBe(400);
    expect(answer).toEqual({ error_code: code("9900"), error_msg: expect.stringContaining(text) });
  });

  it("refuses more paths than an agent may have, with 7407, and keeps none of them", async () => {
    const many = Array.from({ length: MAX_PATHS + 1 }, (_, n) => `/d${n}`);
    const { status, body } = await addPaths({ add_path: many });
    expect([status, body.error_code]).toEqual([400, code("7407")]);
    expect((await show()).paths).toEqual([]);
    expect((await addPaths({ add_path: many.slice(1) })).status).toBe(200);
    expect((await addPaths({ add_path: many.slice(0, 1) })).body.error_code).toBe(code("7407"));
    expect((await host.call("DELETE", "/agents/agent-1")).status).toBe(200);
  });

  it("two requests at once lose nothing", async () => {
    await Promise.all(Array.from({ length: 8 }, (_, n) => addPaths({ add_path: [`/p${n}`] })));
    expect((await show()).paths).toHaveLength(8);
  });
});

describe("checking servers (#51)", () => {
  it("says of every server that nothing is installed, and of one that is not there that it is not", async () => {
    host.resources.addServer("srv", 1);
    await host.call("POST", "/vaults", vaultBody({ resources: [serverResource("srv")] }, { object_type: "server" }));
    const asks = [
      { resource_id: "srv", resource_type: "OS::Nova::Server", resource_name: "web" },
      { resource_id: "gone", resource_type: "OS::Nova::Server" },
    ];
    const { status, body } = await host.call("POST", "/agent/check", { agent_status: asks });
    expect(status).toBe(200);
    const nothing = { installed: false, version: "", is_old: null };
    expect(body).toEqual({
      agent_status: [
        { resource_id: "srv", ...nothing, code: null, message: "" },
        { resource_id: "gone", ...nothing, code: 7100, message: "server gone does not exist" },
      ],
    });
  });

  it.each([
    [{ agent_status: [] }, "agent_status: must have at least 1 element"],
    [{ agent_status: [{ resource_id: "a", resource_type: "OS::Cinder::Volume" }] }, "agent_status[0].resource_type: "],
  ])("refuses %j with 9900", async (asked, text) => {
    const { status, body } = await host.call("POST", "/agent/check", asked);
    expect([status, body.error_code]).toEqual([400, code("9900")]);
    expect(body.error_msg).toContain(text);
  });
});
