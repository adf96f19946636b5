/** Which quotas does an account have in a region? For an operator's machine. */
import { GetAccountSettingsCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  ListAWSDefaultServiceQuotasCommand,
  ListServiceQuotasCommand,
  type ServiceQuota,
  ServiceQuotasClient,
} from "@aws-sdk/client-service-quotas";
import { asOperator, type OperatorAccess, operatorClient } from "./operator.ts";

/** Service code → quota name or code → value. */
export type Quotas = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface AccountQuotas {
  readonly region: string;
  /** Undefined for services that Service Quotas could not be asked about; `problems` says why. */
  readonly quotas: Quotas;
  /** Lambda's own word, which a fresh account's lowered value is in at once; undefined when it could not be asked. */
  readonly lambda: { readonly concurrent: number; readonly unreserved: number } | undefined;
  readonly problems: readonly string[];
}

/**
 * Applied values where Service Quotas has them, else AWS's defaults. What cannot be asked is a problem, not an error: the
 * preflight then names the documented default.
 * Rights: servicequotas:ListServiceQuotas, servicequotas:ListAWSDefaultServiceQuotas, lambda:GetAccountSettings.
 * @throws OperatorRefused without credentials or region
 */
export async function readQuotas(access: OperatorAccess, services: readonly string[]): Promise<AccountQuotas> {
  const client = new ServiceQuotasClient(operatorClient(access));
  const functions = new LambdaClient(operatorClient(access));
  try {
    // Without credentials or region nothing can be asked: that is the caller's to mend, not a hole in the report.
    const region = await asOperator("credentials", async () => {
      await client.config.credentials();
      return String(await client.config.region());
    });
    const problems: string[] = [];
    const ask = <T>(what: string, request: () => Promise<T>): Promise<T | undefined> =>
      asOperator(what, request).catch((error: unknown) => {
        problems.push(error instanceof Error ? error.message : String(error));
        return undefined;
      });
    const quotas = new Map<string, ReadonlyMap<string, number>>();
    for (const service of services) {
      const values = await ask(`servicequotas:ListServiceQuotas of ${service}`, () => valuesOf(client, service));
      if (values !== undefined) quotas.set(service, values);
    }
    const settings = await ask("lambda:GetAccountSettings", () => functions.send(new GetAccountSettingsCommand({})));
    const { ConcurrentExecutions: concurrent, UnreservedConcurrentExecutions: unreserved } =
      settings?.AccountLimit ?? {};
    const lambda = concurrent === undefined || unreserved === undefined ? undefined : { concurrent, unreserved };
    return { region, quotas, lambda, problems };
  } finally {
    client.destroy();
    functions.destroy();
  }
}

async function valuesOf(client: ServiceQuotasClient, service: string): Promise<ReadonlyMap<string, number>> {
  const values = new Map<string, number>();
  const keep = (quotas: readonly ServiceQuota[]): void => {
    for (const { QuotaName, QuotaCode, Value } of quotas)
      for (const key of [QuotaName, QuotaCode]) if (key !== undefined && Value !== undefined) values.set(key, Value);
  };
  // Applied values last: they win over the defaults.
  for (const Command of [ListAWSDefaultServiceQuotasCommand, ListServiceQuotasCommand]) {
    let NextToken: string | undefined;
    do {
      const page = await client.send(new Command({ ServiceCode: service, MaxResults: 100, NextToken }));
      keep(page.Quotas ?? []);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
  }
  return values;
}
