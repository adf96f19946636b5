/** Does a profile refuse what its cloud has not, and nothing else (cbr-behaviour §1)? */
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/domain/fault.ts";
import { checkProfile, checkReplicated, PROFILES } from "../../core/domain/profile.ts";

const { huawei, otc } = PROFILES;
const detailOf = (work: () => void): string => {
  try {
    work();
    return "fine";
  } catch (error) {
    return error instanceof Fault ? error.message : String(error);
  }
};
type Asked = Parameters<typeof checkProfile>[2];

describe("a profile", () => {
  it.each<[string, Asked, string]>([
    ["a desktop vault", { objectType: "workspace" }, "vault.billing.object_type: must be server, disk, turbo"],
    ["application consistency", { consistentLevel: "app_consistent" }, "vault.billing.consistent_level: must be crash"],
    ["a Chinese name", { name: "备份" }, "vault.name: must be Latin"],
    ["a dot in a tag's value", { tags: [{ key: "k", value: "1.2" }] }, "vault.tags[0].value: must be Latin"],
    ["a Chinese tag key", { tags: [{ key: "备", value: "" }] }, "vault.tags[0].key: must be Latin"],
  ])("otc refuses %s with 9900, huawei takes it", (_, asked, text) => {
    expect(detailOf(() => checkProfile(otc, "vault", asked))).toContain(`9900: ${text}`);
    expect(detailOf(() => checkProfile(huawei, "vault", asked))).toBe("fine");
  });

  it("replicates servers in both, file systems and on-premises machines on huawei, disks nowhere (REP-02)", () => {
    const replicated = (profile: typeof otc, type: string) => detailOf(() => checkReplicated(profile, "v", type));
    expect([replicated(otc, "server"), replicated(huawei, "server")]).toEqual(["fine", "fine"]);
    for (const type of ["turbo", "vmware"]) {
      expect(replicated(huawei, type)).toBe("fine");
      expect(replicated(otc, type)).toContain("6122");
    }
    for (const profile of [otc, huawei]) expect(replicated(profile, "disk")).toContain("6122");
  });

  it("otc takes what both clouds have", () => {
    const asked: Asked = {
      objectType: "server",
      consistentLevel: "crash_consistent",
      name: "web_1-a",
      tags: [{ key: "k-1", value: "" }],
    };
    expect(detailOf(() => checkProfile(otc, "vault", asked))).toBe("fine");
    expect(detailOf(() => checkProfile(otc, "backup", {}))).toBe("fine");
  });
});
