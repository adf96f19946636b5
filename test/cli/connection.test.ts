/** Does a command find its service, and say what is wrong when it does not? */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findConnection } from "../../cli/connection.ts";
import { accessKey, type FakeService, projectId, secretKey, startFakeService } from "./support/fake-service.ts";
import { credentials, dataFolder, runCli } from "./support/run-cli.ts";

let service: FakeService;
const folders: { remove(): void }[] = [];

function folder(content?: object | string): string {
  const made = dataFolder(content);
  folders.push(made);
  return made.path;
}

beforeEach(async () => {
  service = await startFakeService({
    "GET /vaults": [{ vaults: [], count: 0 }],
    "GET /v3/auth/projects": [{ projects: [{ id: projectId, name: "local" }], links: {} }],
  });
});
afterEach(async () => {
  await service.close();
  for (const made of folders.splice(0)) made.remove();
});

describe("credentials.json", () => {
  test("of the folder named by --data is used", async () => {
    const { code, stdout, stderr } = await runCli([
      "vault",
      "list",
      "--json",
      "--data",
      folder(credentials(service.url)),
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
  });

  test("of ./holdfast-data is not needed when another folder is named, and its absence is explained", async () => {
    const { code, stdout, stderr } = await runCli(["vault", "list"], { cwd: folder() });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("./holdfast-data/credentials.json does not exist");
  });

  test.each(Object.keys(credentials("x")))("without %s is damaged, and the field is named", (field) => {
    const { [field]: _, ...rest } = credentials(service.url);
    const path = folder(rest);
    expect(() => findConnection(path, {})).toThrow(`${path}/credentials.json is damaged: field "${field}"`);
  });

  test.each([
    ["is not JSON", '{"url": "http://127.0.0.1', "is damaged: it is not JSON"],
    ["is empty", "", "is damaged: it is not JSON"],
    ["is a list", "[]", "is damaged"],
    ["has a number for a name", { ...credentials("http://127.0.0.1:1"), user_name: 7 }, 'field "user_name"'],
    ["has an address that is none", credentials("127.0.0.1"), 'field "url"'],
    ["has an empty secret", { ...credentials("http://127.0.0.1:1"), secret_key: "" }, 'field "secret_key"'],
  ])("that %s is refused, and the reason is named", (_what, content, message) => {
    const path = folder(content);
    expect(() => findConnection(path, {})).toThrow(message);
  });

  test("that is damaged ends a command with exit code 1 and one line, before anything is sent", async () => {
    const path = folder({ ...credentials(service.url), access_key: "" });
    const { code, stdout, stderr } = await runCli(["vault", "list", "--json", "--data", path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^holdfast: .*credentials\.json is damaged: field "access_key".*\n$/);
    expect(service.requests).toEqual([]);
  });

  test("with a wrong secret ends in the service's refusal", async () => {
    const path = folder({ ...credentials(service.url), secret_key: "wrong" });
    const { code, stdout, stderr } = await runCli(["vault", "list", "--json", "--data", path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe("holdfast: APIGW.0301: wrong signature (HTTP 401, request req-1)\n");
  });

  test("never shows its secrets in an error", async () => {
    const path = folder({ ...credentials(service.url), url: "nonsense" });
    const { stderr } = await runCli(["vault", "list", "--data", path], { env: { HOLDFAST_DEBUG: "1" } });
    expect(stderr).not.toContain(secretKey);
  });
});

describe("HOLDFAST_URL", () => {
  const keys = { HOLDFAST_ACCESS_KEY: accessKey, HOLDFAST_SECRET_KEY: secretKey };

  test("with a key is enough: the service is asked for the key's project", async () => {
    const { code, stdout } = await runCli(["vault", "list", "--json"], { env: { HOLDFAST_URL: service.url, ...keys } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "[]\n" });
    expect(service.calls()[0]).toBe("GET /v3/auth/projects");
  });

  test("with HOLDFAST_PROJECT_ID needs no look-up", async () => {
    const env = { HOLDFAST_URL: `${service.url}/`, ...keys, HOLDFAST_PROJECT_ID: projectId };
    expect((await runCli(["vault", "list"], { env })).code).toBe(0);
    expect(service.calls()).toEqual(["GET /vaults?limit=1000&offset=0"]);
  });

  test.each(["HOLDFAST_ACCESS_KEY", "HOLDFAST_SECRET_KEY"])("without %s says so", async (name) => {
    const env = { HOLDFAST_URL: service.url, ...keys, [name]: "" };
    const { code, stderr } = await runCli(["vault", "list"], { env });
    expect({ code, stderr }).toEqual({ code: 1, stderr: `holdfast: HOLDFAST_URL is set, but ${name} is not\n` });
  });

  test("that is no address is refused", async () => {
    const { code, stderr } = await runCli(["vault", "list"], { env: { HOLDFAST_URL: "localhost:8700", ...keys } });
    expect(code).toBe(1);
    expect(stderr).toContain('"localhost:8700" is not an http or https address');
  });

  test("gives way to --data", async () => {
    const env = { HOLDFAST_URL: "http://127.0.0.1:1", ...keys };
    const args = ["vault", "list", "--data", folder(credentials(service.url))];
    expect((await runCli(args, { env })).code).toBe(0);
  });
});

describe("a service that does not answer", () => {
  test("is named, with the reason and a hint", async () => {
    const { url } = service;
    await service.close();
    const { code, stdout, stderr } = await runCli(["vault", "list", "--json", "--data", folder(credentials(url))]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(`holdfast: no answer from ${url} (ECONNREFUSED); is "holdfast serve" running?\n`);
  });

  test("in JSON is an error that can be read, not a stack trace", async () => {
    const other = createServer((_request, response) => response.writeHead(502).end("<html>bad gateway</html>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      const { code, stderr } = await runCli(["vault", "list", "--data", folder(credentials(url))]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: "holdfast: <html>bad gateway</html> (HTTP 502)\n" });
    } finally {
      other.closeAllConnections();
      other.close();
    }
  });
});
