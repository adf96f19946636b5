/** What does `holdfast audit` ask, print and end in? */
import { afterEach, describe, expect, test } from "vitest";
import { type FakeService, type Routes, startFakeService } from "./support/fake-service.ts";
import { credentials, dataFolder, runCli } from "./support/run-cli.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});
async function setUp(routes: Routes): Promise<{ service: FakeService; data: readonly string[] }> {
  const service = await startFakeService(routes);
  const folder = dataFolder(credentials(service.url));
  cleanUps.push(() => service.close(), folder.remove);
  return { service, data: ["--data", folder.path] };
}

const hash = "9f".repeat(32);
const trace = {
  trace_id: "1893553445678-0123456789ab",
  trace_name: "deleteVault",
  outcome: "refused",
  error_code: "BackupService.6105",
  user: { id: "1", name: "admin" },
  source_ip: "127.0.0.1",
  resource_id: "v1",
  resource_name: null,
  time: "2030-01-02T03:04:05.678000",
};
const verdict = (more: object = {}) => ({
  ...{ batches: 2, traces: 5, findings: [], remarks: [], last: { number: 2, hash }, next: null },
  ...more,
});
const finding = { batch: 1, hour: "2030-01-02T03", trace_id: trace.trace_id, what: "this trace was changed" };

describe("list", () => {
  test("prints changes as a table, and says when there are more", async () => {
    const { data, service } = await setUp({ "GET /holdfast/audit": [{ traces: [trace], count: 7 }] });
    const { code, stdout, stderr } = await runCli([
      "audit",
      "list",
      "--from",
      "2030-01-02",
      "--event",
      "deleteVault",
      ...data,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "1 of 7 shown: narrow the time, or raise --limit\n" });
    expect(stdout).toBe(
      "TIME                     EVENT        OUTCOME  CODE                USER   FROM       RESOURCE  TRACE\n" +
        "2030-01-02 03:04:05 UTC  deleteVault  refused  BackupService.6105  admin  127.0.0.1  v1        1893553445678-0123456789ab\n",
    );
    expect(service.requests[0]?.target).toMatch(
      /start_time=2030-01-02T00%3A00%3A00Z&trace_name=deleteVault&limit=100$/,
    );
  });

  test.each([
    ["--from", "yesterday"],
    ["--to", "2030-13-01"],
    ["--limit", "0"],
    ["--outcome", "good"],
  ])("takes no %s %s", async (option, value) => {
    const { data } = await setUp({});
    expect((await runCli(["audit", "list", option, value, ...data])).code).toBe(2);
  });
});

describe("verify", () => {
  test("asks until the chain has ended, and says what to note down", async () => {
    const { data, service } = await setUp({
      "GET /holdfast/audit/verification": [verdict({ next: 2 }), verdict({ last: { number: 4, hash } })],
    });
    const { code, stdout } = await runCli(["audit", "verify", ...data]);
    expect(code).toBe(0);
    expect(stdout).toBe(
      "10 traces in 4 sealed hours computed again\nevery sealed trace is as it was written\n" +
        `last batch, to be noted elsewhere: 4:${hash}\n`,
    );
    expect(service.requests.map(({ target }) => target.split("?")[1])).toEqual(["after=0", "after=2"]);
  });

  test("names hour and trace of what was changed, and ends with 3", async () => {
    const remark = { batch: 2, hour: "2030-01-02T04", trace_id: null, what: "sealed 3 hours after its end" };
    const { data } = await setUp({
      "GET /holdfast/audit/verification": [verdict({ findings: [finding], remarks: [remark] })],
    });
    const { code, stdout, stderr } = await runCli(["audit", "verify", ...data]);
    expect({ code, stderr }).toEqual({ code: 3, stderr: "holdfast: the audit trail was changed: 1 finding\n" });
    expect(stdout).toContain(
      `changed: hour 2030-01-02T03 (batch 1), trace ${trace.trace_id}: this trace was changed\n` +
        "odd: hour 2030-01-02T04 (batch 2): sealed 3 hours after its end\n",
    );
  });

  test("prints one JSON value with --json, of a changed trail too", async () => {
    const { data } = await setUp({ "GET /holdfast/audit/verification": [verdict({ findings: [finding] })] });
    const { code, stdout } = await runCli(["audit", "verify", "--json", ...data]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ batches: 2, traces: 5, findings: [finding], last: { number: 2, hash } });
  });

  test("compares with a batch that was noted: a trail that was made anew does not pass", async () => {
    const routes = (found: string): Routes => ({
      "GET /holdfast/audit/verification": [verdict()],
      "GET /holdfast/audit/batches": [{ batches: [{ number: 1, hash: found }], count: 1 }],
    });
    const same = await setUp(routes(hash));
    expect((await runCli(["audit", "verify", "--known", `1:${hash}`, ...same.data])).code).toBe(0);
    const other = await setUp(routes("0".repeat(64)));
    const { code, stdout } = await runCli(["audit", "verify", "--known", `1:${hash}`, ...other.data]);
    expect(code).toBe(3);
    expect(stdout).toContain("(batch 1): the batch has not the hash that was noted");
    expect((await runCli(["audit", "verify", "--known", "1", ...same.data])).code).toBe(2);
  });
});
