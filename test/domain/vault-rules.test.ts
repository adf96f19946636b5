/** Are a vault's limits the published ones, and its spec code the one of its kind? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/domain/fault.ts";
import { fits, missingCode, providerOfResource, providerOfVault } from "../../core/domain/resource-types.ts";
import { GIB } from "../../core/domain/values.ts";
import { checkChangedSize, checkNewSize, checkTags, specCode, type VaultKind } from "../../core/domain/vault-rules.ts";

const codeOf = (work: () => void): string => {
  try {
    work();
    return "fine";
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
};

describe("the size of a vault", () => {
  it.each([
    [9, "6101"],
    [10, "fine"],
    [10_485_760, "fine"],
    [10_485_761, "6101"],
  ])("at creation: %i GB is %s (VLT-03)", (gb, verdict) => {
    expect(codeOf(() => checkNewSize(gb))).toBe(verdict);
  });

  it("never goes below what backups use (CAP-18)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_485_760 }), fc.integer({ min: 0, max: 2 ** 53 - 1 }), (gb, used) => {
        expect(codeOf(() => checkChangedSize(gb, used))).toBe(used > gb * GIB ? "6101" : "fine");
      }),
    );
  });
});

describe("tags", () => {
  it("are at most 20 (6600), each key once (9900)", () => {
    const tags = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `k${i}`, value: "" }));
    expect(codeOf(() => checkTags(tags(20)))).toBe("fine");
    expect(codeOf(() => checkTags(tags(21)))).toBe("6600");
    expect(codeOf(() => checkTags([...tags(3), ...tags(1)]))).toBe("9900");
  });
});

describe("spec codes (cbr-api 8.4)", () => {
  const kind = (change: Partial<VaultKind>): VaultKind => ({
    objectType: "server",
    protectType: "backup",
    consistentLevel: "crash_consistent",
    cloudType: "public",
    ...change,
  });
  it.each<[Partial<VaultKind>, string]>([
    [{}, "vault.backup.server.normal"],
    [{ consistentLevel: "app_consistent" }, "vault.backup.database.normal"],
    [{ objectType: "disk" }, "vault.backup.volume.normal"],
    [{ objectType: "turbo" }, "vault.backup.turbo.normal"],
    [{ objectType: "rds" }, "vault.backup.rds.normal"],
    [{ protectType: "replication" }, "vault.replication.server.normal"],
    [{ objectType: "vmware", cloudType: "hybrid" }, "vault.hybrid.server.normal"],
  ])("%j has %s", (change, code) => {
    expect(specCode(kind(change))).toBe(code);
  });
});

describe("kinds of resources (CON-01, CON-02)", () => {
  it("fit the vaults of their kind only", () => {
    expect(fits("server", "OS::Nova::Server")).toBe(true);
    expect(fits("disk", "OS::Cinder::Volume")).toBe(true);
    expect(fits("server", "OS::Cinder::Volume")).toBe(false);
    expect(fits("disk", "OS::Nova::Server")).toBe(false);
    expect(fits("rds", "OS::Nova::Server")).toBe(false);
  });

  it("have the code of their absence and the provider of their vault", () => {
    const rows = [
      ["OS::Nova::Server", "server", "7100"],
      ["OS::Cinder::Volume", "disk", "7000"],
      ["OS::Sfs::Turbo", "turbo", "7500"],
      ["OS::Workspace::DesktopV2", "workspace", "7600"],
      ["OS::Native::Server", "vmware", "6302"],
    ] as const;
    for (const [type, objectType, code] of rows) {
      expect(missingCode(type)).toBe(code);
      expect(providerOfResource(type)).toBe(providerOfVault(objectType));
    }
  });
});
