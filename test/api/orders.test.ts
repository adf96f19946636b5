/** What is said to whoever wants to buy, or to move from the predecessor services? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createVaultHost, diskResource, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const code = (n: string) => `BackupService.${n}`;
const vault = async (): Promise<string> => (await host.call("POST", "/vaults", vaultBody())).body.vault.id;
const PERIOD = { charging_mode: "pre_paid", period_type: "month", period_num: 1 };

describe("ordering a vault (#4)", () => {
  const order = (change: object = {}, billing: object = {}) =>
    host.call("POST", "/vaults/order", vaultBody(change, { ...PERIOD, ...billing }));

  it.each([
    ["a good one, as there is nothing to buy", {}, {}, "9900", "vault.billing.charging_mode: pre_paid is not possible"],
    ["one without a name", { name: undefined }, {}, "9900", "pre_paid is not possible"],
    [
      "one that is to grow by itself, which only pay-per-use vaults do (CAP-14)",
      { auto_expand: true },
      {},
      "9900",
      "vault.auto_expand",
    ],
    ["a bad size", {}, { size: 9 }, "6101", "vault.billing.size"],
    ["no period", {}, { period_num: undefined }, "9900", "vault.billing.period_num: is missing"],
    ["a resource that is not there", { resources: [diskResource("nope")] }, {}, "7000", "nope"],
    ["a bad name", { name: "a b" }, {}, "9900", "vault.name: must be 1 to 64"],
    [
      "a combined order of none",
      { parameters: { combined_order: { combined_order_id: "o", combined_order_num: 0 } } },
      {},
      "9900",
      "vault.parameters.combined_order.combined_order_num: must be at least 1",
    ],
  ])("refuses %s", async (_, change, billing, number, text) => {
    const { status, body } = await order(change, billing);
    expect([status >= 400, body.error_code]).toEqual([true, code(number)]);
    expect(body.error_msg).toContain(text);
    expect((await host.call("GET", "/vaults")).body.count).toBe(0);
  });
});

describe("changing to prepaid (#16)", () => {
  const change = (body: object) => host.call("POST", "/vaults/change-charge-mode", { ...PERIOD, ...body });

  it("checks the vaults, then says that there is nothing to buy, and changes nothing", async () => {
    const id = await vault();
    const { status, body } = await change({ vault_ids: [id] });
    expect([status, body.error_code]).toEqual([400, code("9900")]);
    expect(body.error_msg).toContain("charging_mode: pre_paid is not possible");
    expect((await host.call("GET", `/vaults/${id}`)).body.vault.billing.charging_mode).toBe("post_paid");
    expect((await change({ vault_ids: [id, "nope"] })).body.error_code).toBe(code("6105"));
  });

  it.each([
    [{ vault_ids: [] }, "vault_ids: must have at least 1 element"],
    [{ vault_ids: ["v"], charging_mode: "post_paid" }, "charging_mode: must be"],
    [{ vault_ids: ["v"], period_num: 10 }, "period_num: must be at most 9"],
  ])("refuses %j with 9900", async (body, text) => {
    const answer = await change(body);
    expect(answer.body).toEqual({ error_code: code("9900"), error_msg: expect.stringContaining(text) });
  });
});

describe("changing an order (#66, #67)", () => {
  const camel = (id: string, size = 100) => ({
    resourceId: id,
    productInfo: { productId: "p", resourceSize: size, resourceSpecCode: "vault.backup.volume.normal" },
  });
  const snake = (id: string, size = 100) => ({
    resource_id: id,
    product_info: { product_id: "p", resource_size: size, resource_spec_code: "vault.backup.volume.normal" },
  });

  it("takes both spellings (D-15), and says that the vault has no order: 6109", async () => {
    const id = await vault();
    for (const body of [camel(id), snake(id)]) {
      const answer = await host.call("POST", "/orders/change", body);
      expect([answer.status, answer.body.error_code]).toEqual([400, code("6109")]);
      expect(answer.body.error_msg).toContain("has no order");
    }
    expect((await host.call("PUT", "/orders/o1", camel(id))).body.error_code).toBe(code("6109"));
  });

  it("checks that the vault exists (6105) and what is wanted (9900)", async () => {
    expect((await host.call("POST", "/orders/change", snake("nope"))).body.error_code).toBe(code("6105"));
    expect((await host.call("PUT", "/orders/o1", camel("nope"))).body.error_code).toBe(code("6105"));
    expect((await host.call("POST", "/orders/change", snake("v", 9))).body.error_msg).toContain(
      "product_info.resource_size: must be at least 10",
    );
    expect((await host.call("PUT", "/orders/o1", camel("v", 9))).body.error_msg).toContain("productInfo.resourceSize");
  });
});
