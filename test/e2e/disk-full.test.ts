/** Does a full store end a backup in a clear error, and does deletion work all the same? */
import { afterEach, describe, expect, test } from "vitest";
import { StoreFull } from "../../core/ports/object-store.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { faulty } from "../support/faulty-objects.ts";

let host: AppHost;
afterEach(() => host.close());

const log = async (type: string) =>
  (await host.call("GET", `/operation-logs?operation_type=${type}`)).body.operation_logs[0];

/** Full for what backups write; what the reserve is kept for goes on. */
function fullFor(kind: "packs" | "roots"): void {
  host.objects.before = (operation, name) => {
    if (operation === "put" && name.includes(`/${kind}/`))
      throw new StoreFull("256 MiB are kept free and would not be");
  };
}

describe.each(["packs", "roots"] as const)("a store that is full when %s are written", (kind) => {
  test("ends the backup in error with 6401; restore and deletion work, and so does the next backup with room (CAP-11, BKP-26)", async () => {
    host = await createAppHost();
    const then = diskOf(2 * BLOCK, { 0: 1 });
    host.disks.addDiskWith("d1", Uint8Array.from(then));
    const vault = await host.vault(["d1"]);
    const { of } = await host.backUp(vault);
    host.disks.setBytes("d1", diskOf(2 * BLOCK, { 0: 3, 1: 5 }));
    fullFor(kind);
    const failed = await host.backUp(vault);
    expect((await host.backup(failed.of.d1 ?? "")).status).toBe("error");
    expect(await log("backup")).toMatchObject({
      status: "failed",
      error_info: { code: "BackupService.6401", message: expect.stringContaining("256 MiB") },
    });
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error", used: BLOCK });
    expect(host.disks.captures.size).toBe(0);
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
    expect(host.disks.bytes.get("d1")).toEqual(then);
    await host.drop(failed.of.d1 ?? "");
    await host.drop(of.d1 ?? "");
    expect((await log("delete")).status).toBe("success");
    expect(await host.binding(vault, "d1")).toMatchObject({ used: 0, backups: 0 });
    host.objects.before = () => undefined;
    const next = await host.backUp(vault);
    expect((await host.backup(next.of.d1 ?? "")).status).toBe("available");
  });
});

describe("a store that fails now and then", () => {
  test("costs attempts, not the backup", async () => {
    host = await createAppHost({
      wrapObjects: (objects) =>
        faulty(objects, [
          { method: "putIfAbsent", call: 1, name: "d-", fault: "unanswered" },
          { method: "putIfAbsent", call: 2, name: "d-", fault: "fail" },
          { method: "putIfAbsent", call: 4, name: "d-", fault: "unanswered" },
          { method: "get", call: 3, name: "d-", fault: "fail" },
        ]),
    });
    const then = diskOf(2 * BLOCK, { 0: 1 });
    host.disks.addDiskWith("d1", Uint8Array.from(then));
    const vault = await host.vault(["d1"]);
    const { of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    host.disks.bytes.get("d1")?.fill(3);
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
    expect(host.disks.bytes.get("d1")).toEqual(then);
  });

  test("for good ends the backup in error and frees the resource (BKP-26)", async () => {
    host = await createAppHost({
      wrapObjects: (objects) => faulty(objects, [{ method: "putIfAbsent", call: "every", fault: "fail" }]),
    });
    host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    const { of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("error");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error" });
    expect((await log("backup")).error_info.message).toContain("planned failure");
  });
});
