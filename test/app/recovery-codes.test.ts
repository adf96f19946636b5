/** Who gets a recovery code of a project, and what is said when there can be none? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { administer } from "../../core/app/identity/admin/administer.ts";
import { recoveryNotice } from "../../core/app/identity/admin/recovery.ts";
import { AdminRefused } from "../../core/app/identity/admin/refused.ts";
import { StoreFull } from "../../core/ports/object-store.ts";
import { orders } from "../api/kit/accounts.ts";
import { type IdentityHost, identityHost } from "../api/kit/identity-host.ts";

let host: IdentityHost;
beforeEach(async () => {
  host = await identityHost({});
});
afterEach(() => host.close());

describe("recovery codes", () => {
  it("that cannot be made say why: a full disk, a key object that is gone", async () => {
    const ask = (error: Error) =>
      administer(
        { ...host.deps, now: () => host.clock.now, addRecoveryCode: () => Promise.reject(error) },
        { action: "recovery-create" },
      );
    await expect(ask(new StoreFull("90 bytes do not fit"))).rejects.toThrow(
      new AdminRefused("no code was made: 90 bytes do not fit"),
    );
    await expect(ask(new TypeError("a defect"))).rejects.toThrow(TypeError);
  });

  it("are not made where the administration can open no secret, as in an AWS account", async () => {
    await expect(orders(host, { action: "recovery-create" })).rejects.toThrow(
      "the KMS key is the only way to the backups",
    );
  });

  it("are of a project that there is", async () => {
    const addRecoveryCode = async (repository: string) => ({
      object: "keys/recovery-0",
      code: `code of ${repository}`,
    });
    const ask = (project?: string) =>
      administer({ ...host.deps, now: () => host.clock.now, addRecoveryCode }, { action: "recovery-create", project });
    const made = await ask();
    expect(made).toMatchObject({
      project_name: "here-1",
      recovery_code: expect.stringMatching(/^code of d-[0-9a-f]{32}$/),
    });
    expect(recoveryNotice(made)).toMatchObject({
      severity: "warning",
      topic: "recovery.created",
      projectId: host.credentials.project_id,
      facts: { object: `d-${host.credentials.project_id}/keys/recovery-0` },
    });
    expect(JSON.stringify(recoveryNotice(made))).not.toContain("code of");
    await expect(ask("there-1")).rejects.toThrow("no project there-1 in domain acct");
  });
});
