/** What may be registered as a disk or a server, what is refused, and with which words? */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ResourceRefused } from "../../../adapters/local/images/resource-refused.ts";
import { type ImagesWorld, openImagesWorld } from "./images-world.ts";

const MIB = 1024 * 1024;
const free = { isProtected: async () => undefined };

let world: ImagesWorld;
beforeEach(async () => {
  world = await openImagesWorld();
});
afterEach(() => world.dispose());

const refusal = async (action: Promise<unknown>): Promise<ResourceRefused> => {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ResourceRefused);
  return error as ResourceRefused;
};

/** Content of one MiB with some bytes at a place; negative places count from the end. */
function content(at: number, magic: string): Buffer {
  const bytes = Buffer.alloc(MIB, 0x55);
  bytes.write(magic, at < 0 ? MIB + at : at, "latin1");
  return bytes;
}

describe("registering a disk", () => {
  test("a relative path is made absolute and a symbolic link resolved; the file itself is registered", async () => {
    const path = world.image("real.img", MIB);
    symlinkSync(path, world.at("link.img"));
    const disk = await world.inventory.addDisk({
      path: relative(process.cwd(), world.at("link.img")),
      name: "data",
      system: true,
      forceRaw: false,
    });
    expect(disk).toMatchObject({ path, name: "data", system: true, size: MIB });
    expect(disk.id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await world.inventory.list()).disks).toEqual([disk]);
  });

  test("a directory, a FIFO, a socket and a device are refused, each by its name, without being opened", async () => {
    mkdirSync(world.at("dir"));
    expect(spawnSync("sh", ["-c", `mkfifo "$0"`, world.at("fifo")]).status).toBe(0);
    const server = createServer().listen(world.at("socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    for (const [path, what] of [
      [world.at("dir"), "a directory"],
      [world.at("fifo"), "a FIFO"],
      [world.at("socket"), "a socket"],
      ["/dev/null", "a character device"],
    ] as const) {
      const refused = await refusal(world.add(path));
      expect(refused.field).toBe("path");
      expect(refused.message).toContain(`is ${what}`);
    }
    await new Promise((resolve) => server.close(resolve));
  });

  test("a missing file, a link that leads nowhere or round in a circle, and an empty path are refused", async () => {
    symlinkSync(world.at("nowhere"), world.at("dangling"));
    symlinkSync(world.at("b"), world.at("a"));
    symlinkSync(world.at("a"), world.at("b"));
    expect((await refusal(world.add(world.at("gone.img")))).message).toContain("does not exist");
    expect((await refusal(world.add(world.at("dangling")))).message).toContain("does not exist");
    expect((await refusal(world.add(world.at("a")))).message).toContain("leads back to itself");
    expect((await refusal(world.add(""))).message).toContain("empty");
    expect((await refusal(world.add("/tmp/\0"))).message).toContain("NUL");
  });

  test("an empty file and one that is not whole sectors are refused, naming its size", async () => {
    expect((await refusal(world.add(world.image("empty.img", 0)))).message).toContain("is empty");
    expect((await refusal(world.add(world.image("odd.img", MIB + 1)))).message).toMatch(/1048577 .*multiple of 512/);
    expect((await refusal(world.add(world.image("tiny.img", 100)))).message).toMatch(/100 .*multiple of 512/);
  });

  test("a file that may not be read is refused", async () => {
    const path = world.image("secret.img", MIB);
    chmodSync(path, 0o000);
    chmodSync(world.folder, 0o755);
    // Root may read everything: the probe runs in a child process of a user without rights.
    const script = `
      const { createFileProbe } = await import(process.argv[1]);
      const probe = createFileProbe({ dataFolder: "/nonexistent" });
      await probe(process.argv[2], { forceRaw: false }).catch((error) => console.log(error.name, error.message));`;
    const module = new URL("../../../adapters/local/images/probe.ts", import.meta.url).href;
    const root = process.getuid?.() === 0;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script, module, path], {
      encoding: "utf8",
      ...(root ? { uid: 65_534, gid: 65_534 } : {}),
    });
    expect(child.stdout + child.stderr).toMatch(/^ResourceRefused path: .*must be allowed to read it/);
  });

  test.each([
    ["qcow2", 0, "QFI\xfb"],
    ["QED", 0, "QED\0"],
    ["VMDK", 0, "KDMV"],
    ["VMDK", 0, "# Disk DescriptorFile"],
    ["VHDX", 0, "vhdxfile"],
    ["VHD", 0, "conectix"],
    ["VHD", -512, "conectix"],
    ["VDI", 0x40, "\x7f\x10\xda\xbe"],
    ["Parallels", 0, "WithouFreSpacExt"],
  ])(
    "a %s image (magic at %i) is refused with the way to convert it, unless raw is forced",
    async (format, at, magic) => {
      const path = world.at("image");
      writeFileSync(path, content(at, magic));
      const refused = await refusal(world.add(path));
      expect(refused.message).toContain(`is a ${format} image`);
      expect(refused.message).toContain("qemu-img convert -O raw");
      const disk = await world.inventory.addDisk({ path, name: "forced", system: false, forceRaw: true });
      expect(disk.forceRaw).toBe(true);
    },
  );

  test("a short VMDK descriptor is called a VMDK, not a file of a wrong size", async () => {
    writeFileSync(world.at("d.vmdk"), "# Disk DescriptorFile\nversion=1\n");
    expect((await refusal(world.add(world.at("d.vmdk")))).message).toContain("is a VMDK image");
  });

  test("a file inside the data folder is refused, also through a link", async () => {
    mkdirSync(world.dataFolder);
    writeFileSync(world.at("data/records"), Buffer.alloc(MIB));
    symlinkSync(world.at("data/records"), world.at("outside.img"));
    for (const path of [world.at("data/records"), world.at("outside.img")])
      expect((await refusal(world.add(path))).message).toContain("data folder");
    // A neighbour whose name begins alike is not inside.
    expect(await world.add(world.image("data-2.img", MIB))).toBeTruthy();
  });

  test("names have 1 to 255 characters", async () => {
    const path = world.image("a.img", MIB);
    const add = (name: string) => world.inventory.addDisk({ path, name, system: false, forceRaw: false });
    for (const name of ["", "x".repeat(256)]) expect((await refusal(add(name))).field).toBe("name");
    expect((await add("\u{1f4be}".repeat(255))).name).toHaveLength(510);
  });
});

describe("one file is one disk", () => {
  test("the same path, a symbolic link and a hard link to a registered file are refused, naming the disk", async () => {
    const path = world.image("a.img", MIB);
    const id = await world.add(path);
    symlinkSync(path, world.at("soft.img"));
    linkSync(path, world.at("hard.img"));
    for (const again of [path, world.at("soft.img"), world.at("hard.img")]) {
      const refused = await refusal(world.add(again));
      expect(refused.field).toBe("path");
      expect(refused.message).toContain(id);
    }
  });

  test("of callers racing for one file under its two names exactly one wins", async () => {
    const path = world.image("a.img", MIB);
    linkSync(path, world.at("hard.img"));
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => world.add(i % 2 === 0 ? path : world.at("hard.img"))),
    );
    const lost = results.filter((result) => result.status === "rejected");
    expect(lost).toHaveLength(7);
    expect(lost.every(({ reason }) => reason instanceof ResourceRefused)).toBe(true);
    expect((await world.inventory.list()).disks).toHaveLength(1);
  });

  test("a registered file that was replaced is still refused under its path, and under a new link to it", async () => {
    const path = world.image("a.img", MIB);
    await world.add(path);
    renameSync(world.image("new.img", MIB), path);
    linkSync(path, world.at("hard.img"));
    expect((await refusal(world.add(path))).field).toBe("path");
    expect((await refusal(world.add(world.at("hard.img")))).field).toBe("path");
  });

  test("a file that was moved away and replaced may be registered under its new path, by one of many callers", async () => {
    const path = world.image("a.img", MIB);
    const first = await world.add(path);
    renameSync(path, world.at("moved.img"));
    world.image("a.img", MIB);
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => world.add(world.at("moved.img"))));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    // The first disk's removal leaves the claim of the second alone.
    await world.inventory.remove(first, free);
    linkSync(world.at("moved.img"), world.at("hard.img"));
    expect((await refusal(world.add(world.at("hard.img")))).message).toContain("already registered");
  });
});

describe("registering a server", () => {
  const disk = (system = false) =>
    world.inventory
      .addDisk({ path: world.image(`${randomUUID()}.img`, 512), name: "d", system, forceRaw: false })
      .then(({ id }) => id);
  const server = (diskIds: readonly string[]) => world.inventory.addServer({ name: "s", diskIds });

  test("it has its disks in the order given, the system disk first", async () => {
    const [a, system, b] = [await disk(), await disk(true), await disk()];
    expect((await server([b, a, system])).diskIds).toEqual([system, b, a]);
  });

  test("it has 1 to 24 disks, each known and given once, one system disk at most", async () => {
    const many: string[] = [];
    for (let i = 0; i < 25; i++) many.push(await disk());
    const unknown = randomUUID();
    expect((await refusal(server([]))).message).toContain("1 to 24");
    expect((await refusal(server(many))).message).toContain("not 25");
    expect((await refusal(server([many[0] as string, many[0] as string]))).message).toContain("given twice");
    expect((await refusal(server([many[0] as string, unknown]))).message).toContain(unknown);
    expect((await refusal(server([await disk(true), await disk(true)]))).message).toContain("one system disk");
    expect((await refusal(world.inventory.addServer({ name: "", diskIds: many.slice(1) }))).field).toBe("name");
    expect((await server(many.slice(1))).diskIds).toHaveLength(24);
  });

  test("a disk belongs to one server: of callers racing for it exactly one wins", async () => {
    const shared = await disk();
    const others = await Promise.all(Array.from({ length: 6 }, () => disk()));
    const results = await Promise.allSettled(others.map((other) => server([other, shared])));
    const lost = results.filter((result) => result.status === "rejected");
    expect(lost).toHaveLength(5);
    expect(lost.every(({ reason }) => reason instanceof ResourceRefused)).toBe(true);
    expect((await world.inventory.list()).servers).toHaveLength(1);
  });
});

describe("removing", () => {
  test("a protected resource stays, with the reason", async () => {
    const id = await world.makeDisk(MIB);
    const refused = await refusal(
      world.inventory.remove(id, { isProtected: async () => "it is bound to the vault v1" }),
    );
    expect(refused.field).toBe("id");
    expect(refused.message).toContain("it is bound to the vault v1");
    expect(await world.provider.find(id)).toBeDefined();
  });

  test("an unknown id is refused", async () => {
    for (const id of [randomUUID(), "", "x".repeat(3_000)])
      expect((await refusal(world.inventory.remove(id, free))).field).toBe("id");
  });

  test("a removed disk's file stays and may be registered again", async () => {
    const path = world.image("a.img", MIB);
    const id = await world.add(path);
    expect(await world.inventory.remove(id, free)).toMatchObject({ id, path });
    expect(await world.provider.find(id)).toBeUndefined();
    expect(await world.add(path)).not.toBe(id);
  });

  test("a disk whose file is gone can be removed", async () => {
    const path = world.image("a.img", MIB);
    const id = await world.add(path);
    rmSync(path);
    await world.inventory.remove(id, free);
    expect((await world.inventory.list()).disks).toEqual([]);
  });

  test("a disk of a server cannot be removed before its server; removing that sets the disk free", async () => {
    const id = await world.makeDisk(MIB);
    const server = await world.makeServer([id]);
    expect((await refusal(world.inventory.remove(id, free))).message).toContain(server);
    await world.inventory.remove(server, free);
    expect(await world.provider.find(id)).toMatchObject({ serverId: undefined });
    await world.inventory.remove(id, free);
    expect(await world.inventory.list()).toEqual({ disks: [], servers: [] });
  });

  test("of a removal and a server that race for one disk exactly one wins", async () => {
    for (let round = 0; round < 5; round++) {
      const id = await world.makeDisk(MIB);
      const [removed, grouped] = await Promise.allSettled([world.inventory.remove(id, free), world.makeServer([id])]);
      expect([removed.status, grouped.status].sort()).toEqual(["fulfilled", "rejected"]);
      const left = (await world.inventory.list()).disks.some((disk) => disk.id === id);
      expect(left).toBe(grouped.status === "fulfilled");
    }
  });
});

test("a disk that shrank to an odd size is shown in error, one that grew with its size of now", async () => {
  const path = world.image("a.img", MIB);
  const id = await world.add(path);
  truncateSync(path, 2 * MIB);
  expect(await world.provider.find(id)).toMatchObject({ status: "available", size: 2 * MIB });
  truncateSync(path, 1000);
  expect(await world.provider.find(id)).toMatchObject({ status: "error", size: 1000 });
});
