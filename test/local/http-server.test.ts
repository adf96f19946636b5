/** Does the front door pass requests on as they were sent, and refuse what it must not pass on? */
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { bodyBytes, type HttpEvent, type HttpResult } from "../../functions/api/kit/event.ts";
import { CannotListen, createHttpServer, type HttpServer } from "../../local/http-server.ts";

const servers: HttpServer[] = [];
const logged: unknown[] = [];
async function serverWith(handle: (event: HttpEvent) => Promise<HttpResult>, port = 0): Promise<HttpServer> {
  const server = await createHttpServer({
    handle,
    host: "127.0.0.1",
    port,
    newId: () => "id-1",
    log: (line) => logged.push(line),
  });
  servers.push(server);
  return server;
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
});

/** Answers with the event it was given. */
const echo = async (event: HttpEvent): Promise<HttpResult> => ({
  statusCode: 200,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(event),
});

/** Sends bytes as they are and gives back all that comes until the server closes, or until `enough` is in it. */
function raw(server: HttpServer, text: string | Buffer, enough?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      if (enough !== undefined && answer.includes(enough)) socket.destroy();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

const eventIn = (answer: string): HttpEvent => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as HttpEvent;

describe("a request", () => {
  it("is passed on undecoded: path, query and headers as they were signed", async () => {
    const server = await serverWith(echo);
    const head =
      "GET /v3/a%2Fb%20c//x/?q=a+b%2F&q=%zz&e HTTP/1.1\r\nHost: Name:8700\r\nUser-Agent:  two  blanks \r\nAccept: a\r\nAccept: b\r\nConnection: close\r\n\r\n";
    expect(eventIn(await raw(server, head))).toMatchObject({
      version: "2.0",
      rawPath: "/v3/a%2Fb%20c//x/",
      rawQueryString: "q=a+b%2F&q=%zz&e",
      headers: { host: "Name:8700", "user-agent": "two  blanks", accept: "a, b" },
      requestContext: { http: { method: "GET", sourceIp: "127.0.0.1" } },
      isBase64Encoded: false,
    });
  });

  it("with two Host headers shows both, joined, so that no signature over one of them fits", async () => {
    const server = await serverWith(echo);
    const answer = await raw(server, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n");
    expect(eventIn(answer).headers.host).toBe("a, b");
  });

  it("keeps its body byte for byte, text or not", async () => {
    const seen: Uint8Array[] = [];
    const server = await serverWith(async (event) => {
      seen.push(bodyBytes(event));
      return { statusCode: 204, headers: {} };
    });
    const bodies = [
      Buffer.from('{"name":"Größe 你好"}\n'),
      Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x0a]),
      Buffer.from("\ufeff{}"),
    ];
    for (const body of bodies) expect((await fetch(server.url, { method: "POST", body })).status).toBe(204);
    expect(seen.map((bytes) => Buffer.from(bytes))).toEqual(bodies);
  });

  it("gets compressed answers as bytes", async () => {
    const body = Buffer.from([1, 2, 3]).toString("base64");
    const server = await serverWith(async () => ({
      statusCode: 200,
      headers: { "X-A": "b" },
      body,
      isBase64Encoded: true,
    }));
    const response = await fetch(server.url);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3]);
    expect(response.headers.get("content-length")).toBe("3");
  });
});

describe("what is refused", () => {
  it("a body above 1 MiB is 413 with a body that names the rule, sent with or without a length", async () => {
    const server = await serverWith(echo);
    const told = { error_code: "BackupService.9900", error_msg: "body: must be at most 1 MiB" };
    const large = Buffer.alloc(1024 * 1024 + 1, "x");
    const known = await fetch(server.url, { method: "POST", body: large });
    expect([known.status, await known.json()]).toEqual([413, told]);
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 3; i++) controller.enqueue(new Uint8Array(large.subarray(0, 500_000)));
        controller.close();
      },
    });
    const unknown = await fetch(server.url, { method: "POST", body: stream, duplex: "half" } as RequestInit);
    expect([unknown.status, await unknown.json()]).toEqual([413, told]);
    const most = await fetch(server.url, { method: "POST", body: large.subarray(0, 1024 * 1024) });
    expect(most.status).toBe(200);
  });

  it("a length that nobody could mean is refused without reading", async () => {
    const server = await serverWith(echo);
    const answer = await raw(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nx");
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each([
    ["an absolute request target", "GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
    ["the target `*`", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
    ["CONNECT", "CONNECT elsewhere:443 HTTP/1.1\r\nHost: a\r\n\r\n", "405"],
    ["something that is not HTTP", "hello\r\n\r\n", "400"],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400",
    ],
    ["headers without end", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, "431"],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", "400"],
  ])("%s", async (_, request, status) => {
    let reached = 0;
    const server = await serverWith((event) => {
      reached += 1;
      return echo(event);
    });
    expect(await raw(server, request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(reached).toBe(0);
  });

  it("a handler that throws is a 500 without its words, which go to the log", async () => {
    const server = await serverWith(() => Promise.reject(new Error("inner words")));
    const response = await fetch(server.url);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(
      '{"error_code":"BackupService.9910","error_msg":"internal error, request id-1"}',
    );
    expect(JSON.stringify(logged)).toContain("inner words");
  });
});

describe("listening", () => {
  it("on a port in use says so, and how to go on", async () => {
    const { port } = await serverWith(echo);
    const error: unknown = await serverWith(echo, port).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(CannotListen);
    expect(String(error)).toContain(
      `cannot listen on 127.0.0.1 port ${port}: another program uses this port; choose another with --port`,
    );
  });

  it("ends in order: running requests are answered, new ones are not taken, idle connections close", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = (): void => {};
    const inside = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = await serverWith(async (event) => {
      if (event.rawPath === "/slow") {
        arrived();
        await held;
      }
      return echo(event);
    });
    await (await fetch(server.url)).text(); // leaves an idle connection behind
    const slow = fetch(`${server.url}/slow`);
    await inside;
    const closing = server.close(60_000);
    expect(server.close(0)).toBe(closing);
    await expect(fetch(server.url)).rejects.toThrow();
    release();
    expect((await slow).status).toBe(200);
    await closing;
  });

  it("ends after the grace even when a request never does", async () => {
    let arrived = (): void => {};
    const inside = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = await serverWith(() => {
      arrived();
      return new Promise<never>(() => {});
    });
    const stuck = fetch(server.url).then(
      () => "answered",
      () => "cut",
    );
    await inside;
    await server.close(50);
    expect(await stuck).toBe("cut");
  });
});
