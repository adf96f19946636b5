/** Do the system roles allow what they say, and does a denial win? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Action, EVERYTHING, judge, type Rights, ROLE_NAMES, type RoleName } from "../../core/domain/roles.ts";
import { ACTIONS } from "../../functions/api/actions.ts";
import { OPERATIONS } from "../../functions/api/operations.ts";

const having = (...roles: RoleName[]): Rights => ({ kind: "granted", roles: new Map([["p", roles]]) });
const all: readonly Action[] = [...new Set(Object.values(ACTIONS).flat())];
const cbr = all.filter((action) => action.startsWith("cbr:"));
const allowed = (rights: Rights, project = "p") => all.filter((action) => judge(rights, project, action).allowed);
const some = fc.uniqueArray(fc.constantFrom(...ROLE_NAMES));

describe("the system roles (PRM-01, PRM-02)", () => {
  it("CBR FullAccess allows all of CBR, and nothing of the host", () => {
    expect(allowed(having("CBR FullAccess"))).toEqual(cbr);
  });

  it("CBR BackupsAndVaultsFullAccess leaves out making, changing and deleting policies, and still applies them", () => {
    const left = cbr.filter((action) => !allowed(having("CBR BackupsAndVaultsFullAccess")).includes(action));
    expect(left.sort()).toEqual([
      "cbr:organizationPolicies:create",
      "cbr:organizationPolicies:delete",
      "cbr:organizationPolicies:update",
      "cbr:policies:create",
      "cbr:policies:delete",
      "cbr:policies:update",
    ]);
    expect(allowed(having("CBR BackupsAndVaultsFullAccess"))).toContain("cbr:vaults:associatePolicy");
  });

  it("CBR ReadOnlyAccess allows what reads, operation by operation, and nothing that changes anything", () => {
    const reading = ["ShowVaultResourceInstances", "CheckAgent", "PreviewPolicy"];
    for (const [, name, method, , auth] of OPERATIONS) {
      if (auth !== "project" || ACTIONS[name].some((action) => action.startsWith("holdfast:"))) continue;
      const may = ACTIONS[name].every((action) => judge(having("CBR ReadOnlyAccess"), "p", action).allowed);
      expect([name, may]).toEqual([name, method === "GET" || reading.includes(name)]);
    }
  });

  it("PRM-03: whoever may put servers and disks into vaults may list them", () => {
    const mayBind = ROLE_NAMES.filter((role) => {
      const may = allowed(having(role));
      return [...ACTIONS.CreateVault, ...ACTIONS.AddVaultResource].some((action) => may.includes(action));
    });
    expect(mayBind).toEqual(["CBR FullAccess", "CBR BackupsAndVaultsFullAccess"]);
    for (const role of mayBind)
      expect(allowed(having(role)), role).toEqual(
        expect.arrayContaining([...ACTIONS.ListProtectable, ...ACTIONS.ShowProtectable]),
      );
  });

  it("only Holdfast HostAccess reaches the files of the host and freezes vaults", () => {
    expect(allowed(having("Holdfast HostAccess"))).toEqual(all.filter((action) => !cbr.includes(action)));
  });
});

describe("rights", () => {
  it("to everything need no role", () => {
    expect(allowed(EVERYTHING)).toEqual(all);
  });

  it("end at the project that they were granted in (PRM-01)", () => {
    expect(allowed(having(...ROLE_NAMES), "q")).toEqual([]);
    expect(allowed(having())).toEqual([]);
  });

  it("are lost to one role that denies, whatever others allow and in whatever order (PRM-01)", () => {
    fc.assert(
      fc.property(some, fc.constantFrom(...all), (roles, action) => {
        const verdict = judge(having(...roles), "p", action);
        expect(judge(having(...roles.toReversed()), "p", action)).toEqual(verdict);
        const denies =
          roles.includes("CBR BackupsAndVaultsFullAccess") && /olicies:(create|update|delete)$/.test(action);
        if (denies) expect(verdict).toEqual({ allowed: false, deniedBy: "CBR BackupsAndVaultsFullAccess" });
        else expect(verdict.allowed).toBe(roles.some((role) => judge(having(role), "p", action).allowed));
      }),
    );
  });
});

describe("the table of actions", () => {
  it("names published actions as published, for their operations (cbr-api §10)", () => {
    expect(ACTIONS).toMatchObject({
      CreatePostPaidVault: ["cbr:vaults:create"],
      BatchUpdateVault: ["cbr:vaults:update"],
      MigrateVaultResource: ["cbr:vaults:migrateResources", "cbr:vaults:addResources"],
      CreateCheckpoint: ["cbr:vaults:backup"],
      ListExternalVault: ["cbr:vaults:listExternalVaults"],
      ShowReplicationCapabilities: ["cbr:backups:queryReplicationCapability"],
      UpdateMemberStatus: ["cbr:member:update"],
      ListOpLogs: ["cbr:tasks:list"],
    });
  });

  it("has every operation on a project, and no other", () => {
    const onProjects = OPERATIONS.filter(([, , , , auth]) => auth === "project").map(([, name]) => name);
    expect(Object.keys(ACTIONS).sort()).toEqual([...new Set(onProjects)].sort());
  });
});
