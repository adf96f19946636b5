/** Does a deployment keep everything when it is deployed again: unchanged, with other options, after its stacks were destroyed? */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateTerminationProtectionCommand,
  waitUntilStackDeleteComplete,
} from "@aws-sdk/client-cloudformation";
import { DynamoDBClient, ListTablesCommand, paginateScan } from "@aws-sdk/client-dynamodb";
import { KMSClient, ListAliasesCommand } from "@aws-sdk/client-kms";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, DeleteBucketCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, inject, test, vi } from "vitest";
import { recordsTable } from "../../adapters/aws/dynamodb/table.ts";
import { stackName } from "../../infra/names.ts";
import { scenarioClient } from "../e2e/scenarios/client.ts";
import { digestOfPieces, GIB, MIB, type Piece } from "../e2e/scenarios/content.ts";
import { openAwsHost } from "./aws-host.ts";
import { assemblyOf, cdk, contextOf, type Deployed, deployStacks, firstCredentials, holdfast } from "./deploy.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const NAME = "hfredeploy";
/** As an operator has it: table, bucket and key are protected. */
const FIRST = { retainOnDestroy: "true" };
const SECOND = {
  ...FIRST,
  logRetentionDays: "90",
  unitBudgetMs: "60000",
  mostGroups: "7",
  alarmEmail: "ops@example.org",
};
const CONTENT: readonly Piece[] = [
  { offset: 0, length: 3 * MIB + 100, seed: 1 },
  { offset: 800 * MIB, length: 2 * MIB, seed: 1 },
];
const DAMAGE: readonly Piece[] = [{ offset: MIB, length: 2 * MIB, seed: 2 }];

// What is destroyed and protected here stays so: only emulators forget it.
describe.skipIf(inject("aws").kind !== "emulators")("a deployment that is deployed again", () => {
  let deployed: Deployed;
  let kept: { readonly vault: string; readonly backup: string; readonly disk: string };

  const open = () => {
    const host = openAwsHost(deployed);
    return { host, client: scenarioClient(host) };
  };
  const again = async (context: Readonly<Record<string, string>>) => {
    deployed = { ...deployed, outputs: await deployStacks(NAME, context) };
  };

  beforeAll(async () => {
    const outputs = await deployStacks(NAME, FIRST);
    deployed = { name: NAME, outputs, credentials: await firstCredentials(NAME) };
    const { host, client } = open();
    const disk = await host.makeDisk({ sizeBytes: GIB, pieces: CONTENT });
    const vault = await client.vault("disk", [disk]);
    const backup = (await client.backUp(vault, { name: "kept" }))[disk];
    expect(backup).toMatchObject({ status: "available" });
    kept = { vault, backup: backup.id, disk };
  });

  /** The vault and the backup, as the clients of before see them. */
  async function expectKept(): Promise<void> {
    const { client } = open();
    const { vaults } = await client.must("GET", "/vaults");
    expect(vaults.map(({ id }: { id: string }) => id)).toEqual([kept.vault]);
    const { backups } = await client.must("GET", "/backups");
    expect(backups).toContainEqual(expect.objectContaining({ id: kept.backup, name: "kept", status: "available" }));
  }

  // Of the same sources: who edits them while this runs sees which functions would be deployed.
  test("unchanged it has no difference: `cdk diff` finds none", async () => {
    await cdk("diff", "--fail", "--output", join(inject("aws").logs, `${NAME}.diff.out`), ...contextOf(NAME, FIRST));
  });

  test("a second bootstrap names the account, tells no secret and writes no file", async () => {
    const { credentials } = deployed;
    const file = join(inject("aws").logs, `${NAME}.second.json`);
    const refused = await holdfast("admin", "bootstrap", "--stack", NAME, "--out", file).then(
      () => expect.fail("it was not refused"),
      (error: Error) => error.message,
    );
    expect(refused).toMatch(/exists already/);
    expect(refused).toContain(credentials.access_key);
    expect(refused).not.toContain(credentials.secret_key);
    expect(refused).not.toContain(credentials.password);
    expect(existsSync(file)).toBe(false);
  });

  test("with other options it keeps table, bucket and key, the account, vault and backup; restores and backups go on", async () => {
    const { TableName, BucketName, KeyArn, ApiUrl } = deployed.outputs;
    await again(SECOND);
    expect(deployed.outputs).toMatchObject({ TableName, BucketName, KeyArn, ApiUrl });
    expect(await variable("backup-group-transfer", "HOLDFAST_UNIT_BUDGET_MS")).toBe(SECOND.unitBudgetMs);
    await expectKept();
    const { host, client } = open();
    await host.overwrite(kept.disk, DAMAGE);
    const task = await client.restore(kept.backup, { volume_id: kept.disk });
    expect(task).toMatchObject({ status: "success" });
    expect(await host.digest(kept.disk)).toBe(await digestOfPieces(CONTENT));
    const next = (await client.backUp(kept.vault, { name: "next" }))[kept.disk];
    expect(next).toMatchObject({ status: "available" });
  });

  test("destroying all other stacks leaves every record and object, the data's own stack refuses; deployed again it goes on", async () => {
    const before = { rows: await rows(), objects: await objects() };
    const parts = ["Watch", "Api", "Compute", "Data"].map((part) => stackName(NAME, part as "Data"));
    const destroy = (...stacks: readonly string[]) => cdk("destroy", "--force", "--app", assemblyOf(NAME), ...stacks);
    await destroy(...parts.slice(0, 3));
    await expect(destroy(...parts.slice(3))).rejects.toThrow(/TerminationProtection is enabled/);
    expect(await rows()).toEqual(before.rows);
    expect(await objects()).toEqual(before.objects);

    const { TableName, BucketName, KeyArn } = deployed.outputs;
    await again(SECOND);
    expect(deployed.outputs).toMatchObject({ TableName, BucketName, KeyArn });
    await expectKept();
  });

  test("when its first deploy fails nothing but a protected, empty stack is left; let go, it can be deployed", async () => {
    const cloudformation = new CloudFormationClient();
    const s3 = new S3Client({ forcePathStyle: true });
    // The very template, under a name of its own; without the CDK, which would take a minute.
    const file = join(assemblyOf(NAME), `${stackName(NAME, "Data")}.template.json`);
    const TemplateBody = readFileSync(file, "utf8").replaceAll(NAME, "hffirst");
    const StackName = stackName("hffirst", "Data");
    const Bucket = deployed.outputs.BucketName?.replace(NAME, "hffirst");
    const create = async () => {
      await cloudformation.send(new CreateStackCommand({ StackName, TemplateBody, EnableTerminationProtection: true }));
      return vi.waitFor(
        async () => {
          const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
          expect(Stacks?.[0]?.StackStatus).toMatch(/(COMPLETE|FAILED)$/);
          return Stacks?.[0]?.StackStatus;
        },
        { timeout: 60_000, interval: 250 },
      );
    };
    const tables = async () => (await new DynamoDBClient().send(new ListTablesCommand({}))).TableNames;
    const aliases = async () => {
      const { Aliases } = await new KMSClient().send(new ListAliasesCommand({}));
      return Aliases?.map(({ AliasName }) => AliasName);
    };

    await s3.send(new CreateBucketCommand({ Bucket }));
    expect(await create()).toBe("ROLLBACK_COMPLETE");
    expect(await tables()).not.toContain("hffirst");
    expect(await aliases()).not.toContain("alias/hffirst");
    await expect(cloudformation.send(new DeleteStackCommand({ StackName }))).rejects.toThrow(/TerminationProtection/);

    const letGo = new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false });
    await cloudformation.send(letGo);
    await cloudformation.send(new DeleteStackCommand({ StackName }));
    await waitUntilStackDeleteComplete(
      { client: cloudformation, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
      { StackName },
    );
    await s3.send(new DeleteBucketCommand({ Bucket }));
    expect(await create()).toBe("CREATE_COMPLETE");
    expect(await tables()).toContain("hffirst");
    expect(await aliases()).toContain("alias/hffirst");
  });

  /** A variable of one of its functions. */
  async function variable(fn: string, name: string): Promise<string | undefined> {
    const asked = new GetFunctionConfigurationCommand({ FunctionName: `${NAME}-${fn}` });
    return (await new LambdaClient().send(asked)).Environment?.Variables?.[name];
  }

  /** Keys of all records but those that go by themselves. */
  async function rows(): Promise<readonly string[]> {
    const { TableName } = deployed.outputs;
    const found: string[] = [];
    for await (const { Items } of paginateScan({ client: new DynamoDBClient() }, { TableName, ConsistentRead: true }))
      for (const item of Items ?? [])
        if (item[recordsTable.ttl] === undefined)
          found.push(`${item[recordsTable.partitionKey]?.S} ${item[recordsTable.sortKey]?.S}`);
    expect(found.length).toBeGreaterThan(10);
    return found.toSorted();
  }

  /** Keys and sizes of all objects. */
  async function objects(): Promise<readonly string[]> {
    const { BucketName: Bucket } = deployed.outputs;
    const found: string[] = [];
    for await (const { Contents } of paginateListObjectsV2(
      { client: new S3Client({ forcePathStyle: true }) },
      { Bucket },
    ))
      for (const { Key, Size } of Contents ?? []) found.push(`${Key} ${Size}`);
    expect(found.length).toBeGreaterThan(2);
    return found.toSorted();
  }
});
