/** Which vaults resources may move between (VLT-40, VLT-41, VLT-44). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/domain/fault.ts";
import { checkMigration, type MigrationVault } from "../../core/domain/migration.ts";
import { GIB } from "../../core/domain/values.ts";

const vault = (change: Partial<MigrationVault> = {}): MigrationVault => ({
  id: "v",
  locked: false,
  kind: { objectType: "server", protectType: "backup", consistentLevel: "crash_consistent", cloudType: "public" },
  size: 100,
  used: 0,
  ...change,
});
const codeOf = (source: MigrationVault, destination: MigrationVault, moving = GIB): string => {
  try {
    checkMigration(source, destination, moving);
    return "fine";
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
};
const kind = (change: Partial<MigrationVault["kind"]>) => ({ kind: { ...vault().kind, ...change } });

describe("a migration of resources", () => {
  it.each<[string, Partial<MigrationVault>, Partial<MigrationVault>, string]>([
    ["two vaults of one kind", {}, {}, "fine"],
    ["a locked source (VLT-44)", { locked: true }, {}, "6110"],
    ["a locked destination", {}, { locked: true }, "fine"],
    ["another object type", {}, kind({ objectType: "disk" }), "6102"],
    ["a replication vault", {}, kind({ protectType: "replication" }), "6119"],
    ["another level", {}, kind({ consistentLevel: "app_consistent" }), "6119"],
    ["a hybrid vault", {}, kind({ cloudType: "hybrid" }), "6119"],
  ])("VLT-40: %s", (_, source, destination, verdict) => {
    expect(codeOf(vault(source), vault(destination))).toBe(verdict);
  });

  it("VLT-41: needs more room than its backups take; without backups it needs none", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(200), (size, used, moving) => {
        const fits = moving === 0 || size - used > moving;
        expect(codeOf(vault(), vault({ size, used: used * GIB }), moving * GIB)).toBe(fits ? "fine" : "6129");
      }),
      // Exactly as much as there is room, which chance seldom finds.
      { examples: [[100, 40, 60]] },
    );
  });
});
