/** Which quotas does the preflight ask to have raised? */
import { describe, expect, test } from "vitest";
import type { AccountQuotas } from "../../../adapters/aws/quotas.ts";
import { judgeQuotas, RESERVATIONS } from "../../../functions/aws/preflight.ts";

const account = (rest: Partial<AccountQuotas> = {}): AccountQuotas => ({
  region: "eu-west-1",
  quotas: new Map(),
  lambda: { concurrent: 1000, unreserved: 1000 },
  problems: [],
  ...rest,
});
const concurrency = (given: AccountQuotas, deployed = false) => judgeQuotas(given, { deployed })[0];

describe("concurrency", () => {
  test("of a fresh account (10) must be raised to what is reserved and the 100 that AWS keeps", () => {
    const found = concurrency(account({ lambda: { concurrent: 10, unreserved: 10 } }));
    expect(found).toMatchObject({ verdict: "must", have: 10, need: RESERVATIONS + 100, source: "account" });
  });

  test("of 1,000 is enough", () => {
    expect(concurrency(account())).toMatchObject({ verdict: "ok" });
  });

  test("counts what other functions of the account have reserved", () => {
    const found = concurrency(account({ lambda: { concurrent: 1000, unreserved: 150 } }));
    expect(found).toMatchObject({ verdict: "must", need: RESERVATIONS + 100 + 850 });
  });

  test("counts a deployment that stands already once", () => {
    const lambda = { concurrent: RESERVATIONS + 100, unreserved: 100 };
    expect(concurrency(account({ lambda }), true)).toMatchObject({ verdict: "ok" });
    expect(concurrency(account({ lambda }), false)).toMatchObject({ verdict: "must" });
  });

  test("that could not be asked is taken for a fresh account's, and said to be", () => {
    expect(concurrency(account({ lambda: undefined }))).toMatchObject({ have: 10, source: "default", verdict: "must" });
  });
});

describe("other quotas", () => {
  test("are taken by code or by name, and only slow a deployment down", () => {
    const quotas = new Map([
      ["ebs", new Map([["L-C125AE42", 200]])],
      ["states", new Map([["StartExecution throttle token refill rate per second", 50]])],
    ]);
    const found = judgeQuotas(account({ quotas }), { deployed: false });
    expect(found.filter(({ verdict }) => verdict === "slow").map(({ quota, have }) => [quota, have])).toEqual([
      ["GetSnapshotBlock requests per account", 200],
      ["StartExecution throttle token refill rate per second", 50],
    ]);
  });

  test("that could not be asked are AWS's documented defaults, and say so", () => {
    const found = judgeQuotas(account(), { deployed: false }).find(({ code }) => code === "L-309BACF6");
    expect(found).toMatchObject({ have: 100_000, source: "default", verdict: "ok" });
  });
});
