/** What is said to an account that wants to move from the predecessor services? */
import { afterAll, beforeAll, expect, it } from "vitest";
import { bodyOf, eventOf, type IdentityHost, identityHost, tokenOf } from "./kit/identity-host.ts";

let host: IdentityHost;
let token: string;
beforeAll(async () => {
  host = await identityHost();
  token = await tokenOf(host);
});
afterAll(() => host.close());

async function ask(method: string, query = "", body?: object) {
  const result = await host.api(eventOf(method, `/v3/migrates${query}`, { headers: { "x-auth-token": token }, body }));
  return { status: result.statusCode, ...bodyOf<{ error_code: string; error_msg: string }>(result) };
}

it("MIG-01: an account that was never migrated has no migration to show: 404 4001 (#71)", async () => {
  expect(await ask("GET", "?all_regions=true")).toMatchObject({ status: 404, error_code: "BackupService.4001" });
  expect(await ask("GET", "?all_regions=maybe")).toMatchObject({ status: 400, error_code: "BackupService.9900" });
});

it("MIG-01: migrating is refused with 4002, as there is nothing to migrate (#72)", async () => {
  expect(await ask("POST", "", { all_regions: true, reservation: 0.2 })).toMatchObject({
    status: 400,
    error_code: "BackupService.4002",
    error_msg: expect.stringContaining("no backups of a predecessor service"),
  });
  expect(await ask("POST", "", { reservation: 2 })).toMatchObject({
    status: 400,
    error_code: "BackupService.9900",
    error_msg: "reservation: must be at most 1",
  });
});
