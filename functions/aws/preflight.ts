/** Which quotas of an account are too low for a deployment, and which limit what it can do? */
import type { AccountQuotas } from "../../adapters/aws/quotas.ts";
import { FUNCTIONS, RESERVED } from "./functions.ts";

/** What AWS wants to stay unreserved (Lambda guide, "Configuring reserved concurrency"). */
const UNRESERVED = 100;

/** What one deployment sets aside of the account's concurrency. */
export const RESERVATIONS = FUNCTIONS.reduce((sum, { reserved }) => sum + (reserved ? RESERVED[reserved] : 0), 0);

/** One quota, held against what a deployment takes. */
export interface Finding {
  readonly service: string;
  readonly quota: string;
  readonly code: string;
  readonly have: number;
  /** Where `have` comes from: the account, or AWS's documented default because the account could not be asked. */
  readonly source: "account" | "default";
  readonly need: number;
  readonly why: string;
  /** `must`: a deployment with reserved concurrency fails before it is raised. `slow`: it deploys, and works less at once. */
  readonly verdict: "ok" | "slow" | "must";
}

interface Check {
  readonly service: string;
  readonly quota: string;
  readonly code: string;
  /** AWS's documented default of a fresh account. */
  readonly usual: number;
  readonly need: number;
  readonly why: string;
}

/**
 * Names, codes and defaults as Service Quotas lists them ("Amazon EBS endpoints and quotas", "AWS Step Functions quotas").
 * Quotas without a code are found by name.
 */
const CHECKS: readonly Check[] = [
  {
    service: "ebs",
    quota: "GetSnapshotBlock requests per account",
    code: "L-C125AE42",
    usual: 1000,
    need: 1000,
    why: "all backups together read 512 KiB a request: 1,000 a second are 500 MiB/s, 35 minutes a TiB",
  },
  {
    service: "ebs",
    quota: "PutSnapshotBlock requests per account",
    code: "L-AFAE1BE8",
    usual: 1000,
    need: 1000,
    why: "all restores together write 512 KiB a request",
  },
  {
    service: "ebs",
    quota: "Snapshots per Region",
    code: "L-309BACF6",
    usual: 100_000,
    need: 1000,
    why: "each protected disk keeps one snapshot to compare with, and holds another while it is backed up or restored",
  },
  {
    service: "ebs",
    quota: "Pending snapshots per account",
    code: "L-94D7AB7D",
    usual: 100,
    need: 100,
    why: "each disk that is being restored is a pending snapshot until it is written",
  },
  {
    service: "states",
    quota: "StartExecution throttle token refill rate per second",
    code: "",
    usual: 150,
    need: 100,
    why: "a backup starts an execution for each group of its disks, 20 at once for each of 16 resources: 320 in its first seconds",
  },
];

/**
 * `deployed`: the deployment stands already, so its own reservations are part of what the account has set aside.
 */
export function judgeQuotas(account: AccountQuotas, { deployed }: { readonly deployed: boolean }): readonly Finding[] {
  return [
    concurrency(account, deployed),
    ...CHECKS.map(({ usual, ...check }): Finding => {
      const values = account.quotas.get(check.service);
      const found = values?.get(check.code) ?? values?.get(check.quota);
      const have = found ?? usual;
      return {
        ...check,
        have,
        source: found === undefined ? "default" : "account",
        verdict: have < check.need ? "slow" : "ok",
      };
    }),
  ];
}

function concurrency({ lambda, quotas }: AccountQuotas, deployed: boolean): Finding {
  const quota = { service: "lambda", quota: "Concurrent executions", code: "L-B99A9384" };
  const listed = quotas.get("lambda")?.get(quota.code);
  // A fresh account's value is often 10, whatever the table of defaults says: 1,000 must not be assumed.
  const free = lambda === undefined ? (listed ?? 10) : lambda.unreserved + (deployed ? RESERVATIONS : 0);
  const have = lambda?.concurrent ?? listed ?? 10;
  const others = have - free;
  const need = RESERVATIONS + UNRESERVED + others;
  const set = others > 0 ? `, ${others} are set aside by other functions of the account` : "";
  return {
    ...quota,
    have,
    source: lambda === undefined && listed === undefined ? "default" : "account",
    need,
    why: `the deployment sets ${RESERVATIONS} aside, AWS keeps ${UNRESERVED} unreserved${set}`,
    verdict: have < need ? "must" : "ok",
  };
}
