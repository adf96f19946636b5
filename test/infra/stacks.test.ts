/** Are the stacks what an operator may rely on: data kept, limits ordered, names apart? */
import { expect, test } from "vitest";
import { recordsTable } from "../../adapters/aws/dynamodb/table.ts";
import { variablesOf } from "../../functions/aws/env.ts";
import { FUNCTIONS } from "../../functions/aws/functions.ts";
import { workflowSources } from "../../infra/machines/sources.ts";
import { list, type Resource, readable, statements, synthesize } from "./synthesized.ts";

const only = (found: readonly (readonly [string, Resource])[]): Resource => {
  expect(found).toHaveLength(1);
  return found[0]?.[1] as Resource;
};
const DATA = ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"];

test("four stacks by lifetime; everything that must last is in Data, and nothing else is", () => {
  const { stacks } = synthesize();
  expect([...stacks.keys()]).toEqual(["HoldfastData", "HoldfastCompute", "HoldfastApi", "HoldfastWatch"]);
  const types = (stack: string) => Object.values(stacks.get(stack) ?? {}).map(({ Type }) => Type);
  expect(types("HoldfastData").sort()).toEqual([...DATA, "AWS::KMS::Alias", "AWS::S3::BucketPolicy"].sort());
  for (const stack of ["HoldfastCompute", "HoldfastApi", "HoldfastWatch"]) {
    expect(types(stack).filter((type) => DATA.includes(type))).toEqual([]);
  }
});

test("by default data outlives its stack, and neither table nor stack can be deleted", () => {
  const { ofType, terminationProtection } = synthesize();
  for (const type of DATA) {
    // Except when the deploy that makes them fails: they are empty then.
    expect(only(ofType(type)), type).toMatchObject({
      DeletionPolicy: "RetainExceptOnCreate",
      UpdateReplacePolicy: "Retain",
    });
  }
  expect(only(ofType("AWS::DynamoDB::Table")).Properties.DeletionProtectionEnabled).toBe(true);
  expect(terminationProtection("HoldfastData")).toBe(true);
  expect(terminationProtection("HoldfastCompute")).toBe(false);
});

test("the table, which cannot be deleted, is made when everything else of its stack stands: a failed first deploy leaves none", () => {
  const resources = synthesize().stacks.get("HoldfastData") ?? {};
  const [[tableId, table] = ["", undefined]] = synthesize().ofType("AWS::DynamoDB::Table");
  expect([...(table?.DependsOn ?? [])].sort()).toEqual(
    Object.keys(resources)
      .filter((id) => id !== tableId)
      .sort(),
  );
});

test("with retainOnDestroy=false the data stack can be deleted", () => {
  const { ofType, terminationProtection } = synthesize({ retainOnDestroy: "false" });
  for (const type of DATA) expect(only(ofType(type)).DeletionPolicy, type).toBe("Delete");
  expect(only(ofType("AWS::DynamoDB::Table")).Properties.DeletionProtectionEnabled).toBe(false);
  expect(terminationProtection("HoldfastData")).toBe(false);
});

test("the table is the one that the adapter speaks to: keys, indexes, time to live; on demand, recoverable for 35 days", () => {
  const { Properties } = only(synthesize().ofType("AWS::DynamoDB::Table"));
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: "HASH" },
    { AttributeName: range, KeyType: "RANGE" },
  ];
  expect(Properties.KeySchema).toEqual(keys(recordsTable.partitionKey, recordsTable.sortKey));
  expect(Properties.TimeToLiveSpecification).toEqual({ AttributeName: recordsTable.ttl, Enabled: true });
  expect(Properties.GlobalSecondaryIndexes).toEqual(
    Object.values(recordsTable.indexes).map(({ name, partitionKey, sortKey }) => ({
      IndexName: name,
      KeySchema: keys(partitionKey, sortKey),
      Projection: { ProjectionType: "ALL" },
    })),
  );
  expect(Properties.BillingMode).toBe("PAY_PER_REQUEST");
  expect(Properties.PointInTimeRecoverySpecification).toEqual({
    PointInTimeRecoveryEnabled: true,
    RecoveryPeriodInDays: 35,
  });
  expect(Properties.SSESpecification).toMatchObject({ SSEEnabled: true, SSEType: "KMS" });
});

test("queries of an index are allowed on the indexes that exist", () => {
  const named = statements(synthesize())
    .flatMap(([, s]) => list(s.Resource).map(readable))
    .flatMap((arn) => /:table\/holdfast\/index\/(.*)$/.exec(arn)?.[1] ?? []);
  expect(new Set(named)).toEqual(new Set(Object.values(recordsTable.indexes).map(({ name }) => name)));
});

test("the bucket is private, versioned, encrypted with the key, TLS only; what was deleted stays for 14 days", () => {
  const { ofType } = synthesize();
  const { Properties } = only(ofType("AWS::S3::Bucket"));
  expect(Properties.VersioningConfiguration).toEqual({ Status: "Enabled" });
  expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
  expect(Properties.OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] });
  const [encryption] = Properties.BucketEncryption.ServerSideEncryptionConfiguration;
  expect(encryption).toMatchObject({
    BucketKeyEnabled: true,
    ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" },
  });
  expect(Properties.LifecycleConfiguration.Rules).toEqual([
    {
      Id: "trash",
      Status: "Enabled",
      NoncurrentVersionExpiration: { NoncurrentDays: 14 },
      ExpiredObjectDeleteMarker: true,
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
  ]);
  expect(Properties.ObjectLockEnabled).toBeUndefined();
  const [tls] = only(ofType("AWS::S3::BucketPolicy")).Properties.PolicyDocument.Statement;
  expect(tls).toMatchObject({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });
  expect(tls.Resource).toHaveLength(2);
});

test("objectLock=30 locks every object for 30 days against everybody", () => {
  const { Properties } = only(synthesize({ objectLock: "30" }).ofType("AWS::S3::Bucket"));
  expect(Properties).toMatchObject({
    ObjectLockEnabled: true,
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 30 } } },
  });
});

test("the key rotates, and is deleted only after 30 days", () => {
  const { Properties } = only(synthesize().ofType("AWS::KMS::Key"));
  expect(Properties).toMatchObject({ EnableKeyRotation: true, PendingWindowInDays: 30 });
});

test("a function ends before the state that calls it, and a unit's budget before its function", () => {
  const times = new Map(FUNCTIONS.map(({ task, timeoutSeconds }) => [task, timeoutSeconds]));
  let states = 0;
  const walk = (workflow: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { Resource: resource, TimeoutSeconds: limit } = value as { Resource?: string; TimeoutSeconds?: number };
    const task = /^\$\{(.+\..+)\}$/.exec(resource ?? "")?.[1];
    if (task !== undefined) {
      states++;
      expect(times.get(task), `${workflow}: ${task}`).toBeLessThan(limit ?? 0);
    }
    for (const inner of Object.values(value)) walk(workflow, inner);
  };
  for (const [workflow, source] of Object.entries(workflowSources())) walk(workflow, JSON.parse(source));
  expect(states).toBeGreaterThan(20);
  for (const { name, reserved, timeoutSeconds } of FUNCTIONS) {
    // 150 s for what comes after the budget: the rest of a leaf, the last pack, the records.
    if (reserved === "transfer") expect(720 + 150, name).toBeLessThanOrEqual(timeoutSeconds);
  }
});

test("each function has exactly the variables that its parts read", () => {
  const all = new Map(
    synthesize()
      .ofType("AWS::Lambda::Function")
      .map(([, { Properties }]) => [Properties.FunctionName, Properties.Environment.Variables]),
  );
  expect(all.size).toBe(FUNCTIONS.length);
  for (const { name, parts } of FUNCTIONS) {
    expect(Object.keys(all.get(`holdfast-${name}`)).sort(), name).toEqual([...new Set(variablesOf(parts))].sort());
  }
  expect(readable(all.get("holdfast-api").HOLDFAST_MACHINES)).toBe(
    "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:holdfast-",
  );
});

test("functions run on Node 24 for the chosen processor; for the emulator, tasks run under the runtime that keeps error names", () => {
  const runtimes = (context: object) =>
    synthesize({ ...context })
      .ofType("AWS::Lambda::Function")
      .map(
        ([, { Properties: p }]) => `${/-(api|tick|sweep|admin)$/.test(p.FunctionName)} ${p.Runtime} ${p.Architectures}`,
      );
  expect(new Set(runtimes({}))).toEqual(new Set(["true nodejs24.x arm64", "false nodejs24.x arm64"]));
  expect(new Set(runtimes({ emulator: "true" }))).toEqual(
    new Set(["true nodejs24.x x86_64", "false provided.al2023 x86_64"]),
  );
});

test("the emulator gets the same resources, but for runtimes and processors", () => {
  const plain = (context: object) =>
    synthesize({ ...context })
      .text.replaceAll(/provided\.al2023|nodejs24\.x/g, "R")
      .replaceAll(/arm64|x86_64/g, "A");
  expect(plain({ emulator: "true" })).toBe(plain({}));
});

test("API, tick and data work have concurrency of their own, unless the operator's account has none to give", () => {
  const reserved = (context: object) =>
    Object.fromEntries(
      synthesize({ ...context })
        .ofType("AWS::Lambda::Function")
        .flatMap(([, { Properties: p }]) =>
          p.ReservedConcurrentExecutions === undefined ? [] : [[p.FunctionName, p.ReservedConcurrentExecutions]],
        ),
    );
  expect(reserved({})).toEqual({
    "holdfast-api": 20,
    "holdfast-tick": 2,
    "holdfast-backup-group-transfer": 20,
    "holdfast-restore-group-write": 20,
    "holdfast-compare-group-compare": 20,
  });
  expect(reserved({ reservedConcurrency: "false" })).toEqual({});
});

test("machines log errors without data; every log ends", () => {
  const { ofType } = synthesize({ logRetentionDays: "90" });
  const machines = ofType("AWS::StepFunctions::StateMachine");
  expect(machines).toHaveLength(Object.keys(workflowSources()).length);
  for (const [id, { Properties }] of machines) {
    expect(Properties.LoggingConfiguration, id).toMatchObject({ Level: "ERROR", IncludeExecutionData: false });
  }
  const logs = ofType("AWS::Logs::LogGroup");
  expect(logs.length).toBe(FUNCTIONS.length + 2);
  for (const [id, { Properties }] of logs) expect(Properties.RetentionInDays, id).toBe(90);
});

test("the clock calls tick each minute and sweep each hour, once; what fails is left where an alarm sees it", () => {
  const { ofType } = synthesize();
  const rules = Object.fromEntries(
    ofType("AWS::Events::Rule").map(([, { Properties: p }]) => [p.Name, p.ScheduleExpression]),
  );
  expect(rules).toEqual({ "holdfast-tick": "rate(1 minute)", "holdfast-sweep": "rate(1 hour)" });
  const configs = ofType("AWS::Lambda::EventInvokeConfig");
  expect(configs).toHaveLength(2);
  for (const [id, { Properties }] of configs) {
    expect(Properties, id).toMatchObject({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: {} } });
  }
});

test("every path of the API goes to one function, is logged without headers, and is limited", () => {
  const { ofType } = synthesize();
  expect(only(ofType("AWS::ApiGatewayV2::Route")).Properties.RouteKey).toBe("$default");
  expect(only(ofType("AWS::ApiGatewayV2::Integration")).Properties.PayloadFormatVersion).toBe("2.0");
  const stage = only(ofType("AWS::ApiGatewayV2::Stage")).Properties;
  expect(stage).toMatchObject({ StageName: "$default", AutoDeploy: true });
  expect(stage.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 200, ThrottlingBurstLimit: 100 });
  expect(stage.AccessLogSettings.Format).not.toMatch(/authorizer|header|query/i);
  expect(only(ofType("AWS::ApiGatewayV2::Api")).Properties.CorsConfiguration).toBeUndefined();
});

test("alarms tell the topic, the topic tells the address; a silent tick and a failed collection are alarms", () => {
  const { ofType } = synthesize({ alarmEmail: "ops@example.org" });
  const alarms = ofType("AWS::CloudWatch::Alarm").map(([, { Properties }]) => Properties);
  expect(alarms.length).toBeGreaterThan(10);
  for (const alarm of alarms) {
    expect(alarm.AlarmActions.map(readable), alarm.AlarmName).toEqual([
      "arn:<AWS::Partition>:sns:<AWS::Region>:<AWS::AccountId>:holdfast",
    ]);
    expect(alarm.AlarmDescription, alarm.AlarmName).toMatch(/\S/);
  }
  expect(alarms.find(({ AlarmName }) => AlarmName === "holdfast-tick-silent")).toMatchObject({
    MetricName: "Invocations",
    Period: 60,
    EvaluationPeriods: 5,
    TreatMissingData: "breaching",
    ComparisonOperator: "LessThanThreshold",
  });
  expect(alarms.find(({ AlarmName }) => AlarmName === "holdfast-collections-failed")).toMatchObject({
    Namespace: "AWS/Lambda",
    MetricName: "Invocations",
    Dimensions: [{ Name: "FunctionName", Value: "holdfast-collect-fail" }],
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
  });
  expect(only(ofType("AWS::SNS::Subscription")).Properties).toMatchObject({
    Protocol: "email",
    Endpoint: "ops@example.org",
    FilterPolicy: { severity: ["warning", "critical", { exists: false }] },
  });
  expect(synthesize().ofType("AWS::SNS::Subscription")).toEqual([]);
});

test("in a VPC the functions get subnets and a group that lets HTTPS out and nothing in; else there is no VPC", () => {
  const { ofType } = synthesize({ vpc: "vpc-0123456789abcdef0", subnets: "subnet-01234567,subnet-89abcdef" });
  for (const [id, { Properties }] of ofType("AWS::Lambda::Function")) {
    expect(Properties.VpcConfig.SubnetIds, id).toEqual(["subnet-01234567", "subnet-89abcdef"]);
  }
  const group = only(ofType("AWS::EC2::SecurityGroup")).Properties;
  expect(group).toMatchObject({
    VpcId: "vpc-0123456789abcdef0",
    SecurityGroupEgress: [{ FromPort: 443, ToPort: 443 }],
  });
  expect(group.SecurityGroupIngress).toBeUndefined();
  expect(synthesize().text).not.toMatch(/VpcConfig|SecurityGroup/);
});

/** Physical names, and names inside ARNs, of a deployment. */
function physicalNames(name: string): readonly string[] {
  const found = new Set<string>();
  const keys =
    /^(FunctionName|StateMachineName|TableName|BucketName|RoleName|TopicName|QueueName|LogGroupName|AliasName|AlarmName|DashboardName|Name)$/;
  const { stacks } = synthesize({ name });
  for (const resources of stacks.values()) {
    for (const { Properties, Type } of Object.values(resources)) {
      // These name a function that is a resource of its own.
      if (Type === "AWS::Lambda::Permission" || Type === "AWS::Lambda::EventInvokeConfig") continue;
      for (const [key, value] of Object.entries(Properties ?? {})) {
        if (keys.test(key) && key !== "Name") found.add(readable(value));
        if (key === "Name") found.add(`${Type} ${readable(value)}`);
      }
    }
  }
  return [...found];
}

test("two deployments of one account share no name, also when one's name begins with the other's", () => {
  const first = physicalNames("holdfast");
  const second = physicalNames("holdfast2");
  expect(first.length).toBeGreaterThan(100);
  const shared = first.filter((name) => second.includes(name));
  expect(shared).toEqual([]);
  for (const name of first) expect(name).toContain("holdfast");
});

test("what belongs to the whole account, or the world, has its region in its name", () => {
  const { ofType } = synthesize();
  const names = [
    ...ofType("AWS::IAM::Role").map(([, { Properties }]) => Properties.RoleName),
    ...ofType("AWS::CloudWatch::Dashboard").map(([, { Properties }]) => Properties.DashboardName),
    ...ofType("AWS::S3::Bucket").map(([, { Properties }]) => Properties.BucketName),
  ].map(readable);
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) expect(name).toContain("<AWS::Region>");
});

test("no name is too long, with the longest deployment name and region", () => {
  const name = "a".repeat(20);
  for (const one of physicalNames(name)) {
    const full = one.replaceAll("<AWS::Region>", "ap-southeast-1").replaceAll("<AWS::AccountId>", "123456789012");
    expect(full.length, full).toBeLessThanOrEqual(full.includes("/") || full.includes(" ") ? 512 : 64);
  }
});
