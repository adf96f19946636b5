/** Who may freeze a vault through the API? */
import { afterEach, beforeEach, expect, it } from "vitest";
import { createVaultHost, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const operator = () => host.over(host.records, { inventory: {}, notifier: { notify: async () => undefined } });

it("freezes and releases vaults on a host with an inventory of its own (CAP-38)", async () => {
  const { id, name } = (await host.call("POST", "/vaults", vaultBody())).body.vault;
  const act = (word: string) => host.call("POST", `/holdfast/vaults/${id}/${word}`, {}, operator());
  expect(await act("freeze")).toEqual({ status: 200, body: { vault: { id, name, status: "frozen" } } });
  expect((await host.call("GET", `/vaults?status=frozen`)).body.count).toBe(1);
  expect(await act("unfreeze")).toEqual({ status: 200, body: { vault: { id, name, status: "available" } } });
});

it("is 404 6105 for a vault that is not there, and 501 where the operator is somebody else", async () => {
  const path = "/holdfast/vaults/11111111-1111-4111-8111-111111111111/freeze";
  const gone = await host.call("POST", path, {}, operator());
  expect([gone.status, gone.body.error_code]).toEqual([404, "BackupService.6105"]);
  const elsewhere = await host.call("POST", path, {});
  expect([elsewhere.status, elsewhere.body.error_msg]).toEqual([501, expect.stringContaining("operator")]);
});
