/** The front door of the one-machine host: node:http requests become API Gateway events, results become answers. */
import { isUtf8 } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { LARGEST_BODY } from "../functions/api/kit/create-api.ts";
import type { HttpEvent, HttpResult } from "../functions/api/kit/event.ts";

/** What the server is told by its host. */
export interface HttpServerOptions {
  /** The API. Must not throw; if it does all the same, the answer is 500. */
  readonly handle: (event: HttpEvent) => Promise<HttpResult>;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly newId: () => string;
  readonly log: (line: { readonly level: "error"; readonly text: string } & Record<string, unknown>) => void;
}

/** A server that listens. */
export interface HttpServer {
  /** Where: `http://127.0.0.1:8700`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening at once, lets running requests finish for at most `graceMs`, then cuts them. Twice is once. */
  close(graceMs: number): Promise<void>;
}

/** The address cannot be listened on; the message says what to do. */
export class CannotListen extends Error {
  override readonly name = "CannotListen";
}

/** Headers of the largest client fit several times over. */
const LARGEST_HEADERS = 32 * 1024;
/** A client that has not sent its headers, its whole request, by then has gone. */
const HEADERS_MS = 15_000;
const REQUEST_MS = 60_000;
/** A body up to this size is read to its end even though it is refused. */
const THROWN_AWAY = 16 * LARGEST_BODY;
/** Longer than the pauses of polling clients, so that a connection is used again. */
const KEEP_ALIVE_MS = 65_000;

/** Listens; resolves when connections are accepted. @throws CannotListen */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const settings = {
    maxHeaderSize: LARGEST_HEADERS,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // As API Gateway does. Node would otherwise keep one of two Host or Authorization headers and hide the other.
    joinDuplicateHeaders: true,
  };
  const server = createServer(settings, (request, response) => void serve(options, server, request, response));
  server.on("clientError", refuseUnreadable);
  server.on("connect", (_request, socket) => refuseUnreadable({ code: "CONNECT" }, socket as Socket));
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  const name = options.host.includes(":") ? `[${options.host}]` : options.host;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${name}:${port}`,
    port,
    close: (graceMs) => {
      closing ??= closed(server, graceMs);
      return closing;
    },
  };
}

function listening(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new CannotListen(`cannot listen on ${host} port ${port}: ${WHY[error.code ?? ""] ?? error.message}`, {
          cause: error,
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses this port; choose another with --port, or stop that program",
  EACCES: "not allowed; choose a port above 1023 with --port",
  EADDRNOTAVAIL: "this machine does not have that address; choose another with --host",
  ENOTFOUND: "this host name is not known; choose another with --host",
};

function closed(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function serve(
  options: HttpServerOptions,
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = options.newId();
  try {
    const target = request.url ?? "";
    if (!target.startsWith("/")) return refuse(request, response, 400, requestId, "request target: must be a path");
    const body = await bodyOf(request);
    if (body === undefined) return refuse(request, response, 413, requestId, "body: must be at most 1 MiB");
    const result = await options.handle(eventOf(request, target, body, requestId));
    // A connection that is kept would hold up the close of a server that has stopped listening meanwhile.
    if (!server.listening) response.setHeader("Connection", "close");
    send(response, result);
  } catch (error) {
    if (request.destroyed && !request.complete) return; // the client left before it had sent everything
    options.log({
      level: "error",
      text: "request failed",
      requestId,
      stack: error instanceof Error ? error.stack : String(error),
    });
    if (response.headersSent) response.destroy();
    else refuse(request, response, 500, requestId, `internal error, request ${requestId}`, "9910");
  }
}

/**
 * The bytes of the body, or undefined when they are too many. Somewhat more is read and thrown away: a client that is cut
 * while it is still sending would see a broken connection instead of the answer.
 */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > THROWN_AWAY) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > THROWN_AWAY) return undefined;
    if (length <= LARGEST_BODY) chunks.push(chunk);
  }
  return length > LARGEST_BODY ? undefined : Buffer.concat(chunks);
}

function eventOf(request: IncomingMessage, target: string, body: Buffer, requestId: string): HttpEvent {
  const question = target.indexOf("?");
  const rawPath = question < 0 ? target : target.slice(0, question);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  const isText = isUtf8(body);
  return {
    version: "2.0",
    rawPath,
    rawQueryString: question < 0 ? "" : target.slice(question + 1),
    headers,
    requestContext: {
      requestId,
      http: {
        method: request.method ?? "GET",
        path: rawPath,
        sourceIp: request.socket.remoteAddress ?? "",
        userAgent: headers["user-agent"] ?? "",
      },
    },
    ...(body.length > 0 && { body: body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function send(response: ServerResponse, result: HttpResult): void {
  const body =
    result.body === undefined ? undefined : Buffer.from(result.body, result.isBase64Encoded ? "base64" : "utf8");
  const length = body === undefined ? {} : { "Content-Length": body.length };
  response.writeHead(result.statusCode, { ...result.headers, ...length });
  response.end(body);
}

/** Answers without the API. What the client is still sending is not read: the connection ends. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  requestId: string,
  error_msg: string,
  code = "9900",
): void {
  response.once("finish", () => request.destroy());
  const body = JSON.stringify({ error_code: `BackupService.${code}`, error_msg });
  const headers = { "Content-Type": "application/json", "X-Request-Id": requestId, Connection: "close" };
  send(response, { statusCode: status, headers, body });
}

/** What node:http could not read as a request: too large, too slow, CONNECT, or not HTTP at all. */
function refuseUnreadable(error: { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const [status, text] = UNREADABLE[error.code ?? ""] ?? ["400 Bad Request", "the request is not readable as HTTP/1.1"];
  const body = JSON.stringify({ error_code: "BackupService.9900", error_msg: text });
  // After CONNECT nobody else listens for errors of this socket, and a client that never reads must not keep it.
  socket.once("error", () => socket.destroy());
  socket.setTimeout(HEADERS_MS, () => socket.destroy());
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body);
}

const UNREADABLE: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", `headers: must be at most ${LARGEST_HEADERS} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "the request was not complete in time"],
  CONNECT: ["405 Method Not Allowed", "CONNECT is not possible: this is no proxy"],
};
