/** Does the bucket keep the promises of an object store when answers are lost, late, short, damaged or refused? */
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createS3Objects, type S3ObjectStoreOptions } from "../../../adapters/aws/s3-objects.ts";
import { ObjectMissing, RangeUnavailable, StoreFailed } from "../../../core/ports/object-store.ts";
import { names, objectStoreContract } from "../../contracts/object-store.ts";
import { BUCKET, failed, fakeS3, first, is, withBody } from "./s3-fake.ts";
import { socketError, type WireRequest } from "./wire.ts";

type Fake = ReturnType<typeof fakeS3>;

const noWait = async () => undefined;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const content = bytes("content ".repeat(500));

function storeOn(fake: Fake, options: Partial<S3ObjectStoreOptions> = {}) {
  return createS3Objects({ client: fake.client, bucket: BUCKET, wait: noWait, ...options });
}

objectStoreContract("S3 (in memory)", async () => {
  const fake = fakeS3(undefined, { pageSize: 3 });
  const again = () => storeOn(fake, { prefix: "installation-1/" });
  // S3 shows an object whole or not at all: half of one can be nowhere.
  return { store: again(), again, leaveHalf: noWait, dispose: async () => fake.client.destroy() };
});

describe("a put", () => {
  test('whose answer was lost is "created" when the object is its own', async () => {
    const lost = first(1, is("PUT"), (_request, serve) => {
      serve();
      throw socketError("ECONNRESET");
    });
    const fake = fakeS3(lost);
    expect(await storeOn(fake).putIfAbsent("packs/a", content)).toBe("created");
    expect(fake.requests.map((one) => one.method)).toEqual(["PUT", "PUT", "HEAD"]);
    expect(fake.versions.get("packs/a")).toHaveLength(1);
  });

  test('whose answer was lost is "exists" when another one was faster', async () => {
    const lost = first(1, is("PUT"), () => {
      throw socketError("ECONNRESET");
    });
    const other = fakeS3();
    await storeOn(other).putIfAbsent("packs/a", bytes("other"));
    const fake = fakeS3(lost);
    for (const [key, versions] of other.versions) fake.versions.set(key, versions);
    expect(await storeOn(fake).putIfAbsent("packs/a", content)).toBe("exists");
  });

  test('is "exists" when the object was trashed between the refusal and the look at it', async () => {
    const gone = first(1, is("HEAD"), () => failed(404, "", "", true));
    const store = storeOn(fakeS3(gone));
    await store.putIfAbsent("a", content);
    expect(await store.putIfAbsent("a", content)).toBe("exists");
  });

  test("never says anything about an existing object that it may not look at", async () => {
    const store = storeOn(fakeS3(first(9, is("HEAD"), () => failed(403, "", "", true))));
    await store.putIfAbsent("a", content);
    await expect(store.putIfAbsent("a", content)).rejects.toBeInstanceOf(StoreFailed);
  });

  test("that conflicts with another write is tried again, with growing pauses, at most six times", async () => {
    const conflict = () => failed(409, "ConditionalRequestConflict");
    const twice = fakeS3(first(2, is("PUT"), conflict));
    expect(await storeOn(twice).putIfAbsent("a", content)).toBe("created");
    const always = fakeS3(first(99, is("PUT"), conflict));
    const pauses: number[] = [];
    const wait = async (ms: number) => pauses.push(ms);
    await expect(storeOn(always, { wait }).putIfAbsent("a", content)).rejects.toThrow(
      `put a in bucket ${BUCKET} failed: ConditionalRequestConflict (HTTP 409)`,
    );
    expect(always.requests).toHaveLength(6);
    expect(pauses).toHaveLength(5);
    for (const [i, ms] of pauses.entries()) expect(ms).toBeGreaterThanOrEqual(25 * 2 ** i);
  });

  test("is refused by S3 when a byte changed on the way, and then sent again", async () => {
    const damaged = first(1, is("PUT"), () => failed(400, "BadDigest"));
    const fake = fakeS3(damaged);
    expect(await storeOn(fake).putIfAbsent("a", content)).toBe("created");
    expect(await storeOn(fake).get("a")).toEqual(content);
  });

  test("sends the bytes from where they are, with their CRC-32, and never without the condition", async () => {
    const fake = fakeS3(first(1, is("PUT"), () => failed(503, "SlowDown")));
    const pages = new Uint8Array(70_000).fill(5);
    const part = pages.subarray(3, 69_000);
    const store = storeOn(fake);
    await store.putIfAbsent("a", part);
    await store.putIfAbsent("a", bytes("other"));
    const puts = fake.requests.filter(is("PUT"));
    expect(puts).toHaveLength(3);
    for (const { headers } of puts) {
      expect(headers["if-none-match"]).toBe("*");
      expect(headers["x-amz-checksum-crc32"]).toMatch(/^[A-Za-z0-9+/]{6}==$/);
    }
    expect(puts[1]?.body).toHaveProperty("buffer", pages.buffer);
    expect(fake.versions.get("a")).toHaveLength(1);
  });

  test("is not done when S3 changes its mind after status 200", async () => {
    // github.com/aws/aws-sdk-java-v2/issues/6023: the refusal came under status 200.
    const late = (code: string) => first(99, is("PUT"), () => ({ ...failed(400, code), statusCode: 200 }));
    await expect(storeOn(fakeS3(late("InternalError"))).putIfAbsent("a", content)).rejects.toBeInstanceOf(StoreFailed);
    const fake = fakeS3();
    await storeOn(fake).putIfAbsent("a", bytes("first"));
    const refusing = fakeS3(late("PreconditionFailed"));
    for (const [key, versions] of fake.versions) refusing.versions.set(key, versions);
    expect(await storeOn(refusing).putIfAbsent("a", content)).toBe("exists");
  });
});

describe("a read", () => {
  async function reading(wire: Parameters<typeof fakeS3>[0]) {
    const fake = fakeS3(wire);
    const store = storeOn(fake);
    await store.putIfAbsent("a", content);
    return { fake, store };
  }
  const faults = {
    "a body that ends early": (body: Buffer) => body.subarray(0, -1),
    "a body with a changed bit": (body: Buffer) => Buffer.concat([Buffer.of((body[0] ?? 0) ^ 1), body.subarray(1)]),
    "a body that is too long": (body: Buffer) => Buffer.concat([body, Buffer.of(0)]),
  };
  for (const [fault, change] of Object.entries(faults)) {
    test(`of ${fault} is repeated, and fails when it stays so`, async () => {
      const once = await reading(first(1, is("GET"), (_request, serve) => withBody(serve(), change)));
      expect(await once.store.get("a")).toEqual(content);
      const always = await reading(first(99, is("GET"), (_request, serve) => withBody(serve(), change)));
      const error = await always.store.get("a").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StoreFailed);
      expect(always.fake.requests.filter(is("GET"))).toHaveLength(4);
    });
  }

  test("of a body whose connection is lost is repeated", async () => {
    const lost = first(1, is("GET"), (_request, serve) => {
      const broken = async function* () {
        yield Buffer.from(content.subarray(0, 100));
        throw socketError("ECONNRESET");
      };
      return { ...serve(), body: Readable.from(broken()) };
    });
    expect(await (await reading(lost)).store.get("a")).toEqual(content);
  });

  test("of a range that breaks off is repeated, and fails when it stays so", async () => {
    const cut = (times: number) =>
      first(times, is("GET"), (_request, serve) => withBody(serve(), (body) => body.subarray(0, -1)));
    const range = { offset: 8, length: 800 };
    expect(await (await reading(cut(1))).store.get("a", range)).toEqual(content.subarray(8, 808));
    await expect((await reading(cut(99))).store.get("a", range)).rejects.toBeInstanceOf(StoreFailed);
  });

  test("of a range is never answered with other bytes", async () => {
    const ignored = first(99, is("GET"), (request, serve) => {
      (request.headers as Record<string, string>).range = "bytes=0-7";
      return serve();
    });
    const { store } = await reading(ignored);
    await expect(store.get("a", { offset: 8, length: 8 })).rejects.toBeInstanceOf(StoreFailed);
    const whole = first(99, is("GET"), (request, serve) => {
      delete (request.headers as Record<string, string>).range;
      return serve();
    });
    await expect((await reading(whole)).store.get("a", { offset: 0, length: 8 })).rejects.toBeInstanceOf(StoreFailed);
  });

  test("past the end is RangeUnavailable at once, whether S3 refuses the range or shortens it", async () => {
    const { fake, store } = await reading(undefined);
    const size = content.byteLength;
    for (const range of [
      { offset: size, length: 1 },
      { offset: size - 1, length: 2 },
    ]) {
      await expect(store.get("a", range)).rejects.toBeInstanceOf(RangeUnavailable);
    }
    expect(fake.requests.filter(is("GET"))).toHaveLength(2);
  });

  test("of no bytes is no request for a range: HTTP has none that is empty", async () => {
    const { store } = await reading(undefined);
    expect(await store.get("a", { offset: content.byteLength, length: 0 })).toHaveLength(0);
    await expect(store.get("a", { offset: content.byteLength + 1, length: 0 })).rejects.toBeInstanceOf(
      RangeUnavailable,
    );
    await expect(store.get("none", { offset: 0, length: 0 })).rejects.toBeInstanceOf(ObjectMissing);
  });
});

describe("a refusal", () => {
  const everything: Record<string, (store: ReturnType<typeof storeOn>) => Promise<unknown>> = {
    put: (store) => store.putIfAbsent("a", content),
    get: (store) => store.get("a"),
    "ranged get": (store) => store.get("a", { offset: 0, length: 1 }),
    "empty get": (store) => store.get("a", { offset: 0, length: 0 }),
    size: (store) => store.size("a"),
    list: (store) => names(store),
    trash: (store) => store.trash("a"),
  };
  const head = (request: WireRequest) => request.method === "HEAD";
  for (const [method, call] of Object.entries(everything)) {
    test(`of ${method} for lack of rights is never absence, and says what is missing`, async () => {
      const fake = fakeS3((request) => failed(403, "AccessDenied", "not allowed", head(request)));
      const error = await call(storeOn(fake)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StoreFailed);
      expect(String(error)).toMatch(new RegExp(`bucket ${BUCKET} failed: .*HTTP 403.*s3:ListBucket`));
    });

    test(`of ${method} for lack of the bucket names it`, async () => {
      const error = await call(storeOn(fakeS3(), { bucket: "gone-bucket" })).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StoreFailed);
      expect(String(error)).toContain("gone-bucket");
    });

    test(`of ${method} because S3 is busy is retried, and then a failure`, async () => {
      const busy = (request: WireRequest) => failed(503, "SlowDown", "Please reduce your request rate.", head(request));
      const fake = fakeS3(busy);
      await expect(call(storeOn(fake))).rejects.toBeInstanceOf(StoreFailed);
      expect(fake.requests.length).toBe(3);
      const passing = first(1, () => true, busy);
      const outcome = await call(storeOn(fakeS3(passing))).catch((error: unknown) => error);
      expect(outcome).not.toBeInstanceOf(StoreFailed);
    });

    test(`of ${method} by silence is a failure`, async () => {
      const silent = () => {
        throw Object.assign(new Error("no answer"), { name: "TimeoutError" });
      };
      await expect(call(storeOn(fakeS3(silent)))).rejects.toBeInstanceOf(StoreFailed);
    });
  }

  test("a 404 that does not speak of the object is no absence", async () => {
    const store = storeOn(fakeS3((_request) => ({ ...failed(404, ""), body: failed(404, "Whatever").body })));
    await expect(store.get("a")).rejects.toBeInstanceOf(StoreFailed);
  });
});

describe("a listing", () => {
  async function filled(wire?: Parameters<typeof fakeS3>[0]) {
    const fake = fakeS3(wire, { pageSize: 3 });
    const store = storeOn(fake);
    for (const name of ["a-", "a/1", "a/2", "b/1", "b/2", "c", "d"]) await store.putIfAbsent(name, bytes(name));
    fake.requests.length = 0;
    return { fake, store };
  }

  test("walks all pages", async () => {
    const { fake, store } = await filled();
    expect(await names(store)).toEqual(["a-", "a/1", "a/2", "b/1", "b/2", "c", "d"]);
    expect(fake.requests).toHaveLength(3);
  });

  test("whose second page fails throws instead of ending", async () => {
    const second = (request: WireRequest) => request.query["continuation-token"] !== undefined;
    const { store } = await filled(first(99, second, () => failed(500, "InternalError")));
    await expect(names(store)).rejects.toBeInstanceOf(StoreFailed);
  });

  test("that says there is more but not where, or loses its order, throws", async () => {
    const lists = (request: WireRequest) => "list-type" in request.query;
    const noToken = first(99, lists, (_request, serve) =>
      withBody(serve(), (xml) => Buffer.from(String(xml).replace(/<NextContinuationToken>.*<\/Next[a-zA-Z]*>/, ""))),
    );
    await expect(names((await filled(noToken)).store)).rejects.toThrow("there is more");
    const turned = first(99, lists, (_request, serve) =>
      withBody(serve(), (xml) => Buffer.from(String(xml).replace("<Key>a/1", "<Key>a/3"))),
    );
    await expect(names((await filled(turned)).store)).rejects.toThrow("a/2 came after a/3");
  });

  test("leaves out what is no object of ours, and never passes the prefix of the installation", async () => {
    const fake = fakeS3();
    const [one, other] = [storeOn(fake, { prefix: "one/" }), storeOn(fake, { prefix: "other/" })];
    await one.putIfAbsent("a", bytes("1"));
    await other.putIfAbsent("b", bytes("2"));
    for (const key of ["one/", "one/packs/", "one/a b", "one/tmp/x", "one/trash/y", "one/..", "onex"])
      fake.versions.set(key, [{ id: "x", bytes: new Uint8Array(0), headers: {} }]);
    expect(await names(one)).toEqual(["a"]);
    expect(await names(other)).toEqual(["b"]);
  });
});

describe("trash", () => {
  test("leaves the version behind a delete marker", async () => {
    const fake = fakeS3();
    const store = storeOn(fake);
    await store.putIfAbsent("a", content);
    await store.trash("a");
    expect(fake.versions.get("a")?.map((version) => version.bytes)).toEqual([content, undefined]);
  });

  test("asks once whether versioning is on, and deletes nothing while it is not", async () => {
    const fake = fakeS3();
    const store = storeOn(fake);
    for (const name of ["a", "b"]) await store.trash(name);
    expect(fake.requests.filter((one) => "versioning" in one.query)).toHaveLength(1);
    const bare = fakeS3(undefined, { versioning: "Suspended" });
    await storeOn(bare).putIfAbsent("a", content);
    await expect(storeOn(bare).trash("a")).rejects.toThrow(`bucket ${BUCKET}: its versioning is Suspended`);
    expect(await storeOn(bare).get("a")).toEqual(content);
  });

  test("says so when an object was deleted without a marker", async () => {
    const off = first(1, is("DELETE"), (_request, serve) => ({ ...serve(), headers: {} }));
    await expect(storeOn(fakeS3(off)).trash("a")).rejects.toThrow("without a delete marker");
  });
});

test("every call names the account that must own the bucket", async () => {
  const fake = fakeS3();
  const store = storeOn(fake, { expectedOwner: "123456789012" });
  await store.putIfAbsent("a", content);
  await store.putIfAbsent("a", content);
  await store.get("a");
  await store.size("none");
  await names(store);
  await store.trash("a");
  expect(fake.requests).toHaveLength(9);
  for (const { headers } of fake.requests) expect(headers["x-amz-expected-bucket-owner"]).toBe("123456789012");
});

test("a bad key prefix is refused", () => {
  for (const prefix of ["a", "/", "a//", "../", "a b/", `${"x".repeat(199)}/`.repeat(3)]) {
    expect(() => storeOn(fakeS3(), { prefix }), prefix).toThrow(TypeError);
  }
});
