/** May each function do what it must, and nothing that loses backups? */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { FUNCTIONS } from "../../functions/aws/functions.ts";
import { namesOf } from "../../infra/names.ts";
import { policyOf } from "../../infra/policies/policies.ts";
import { WILDCARDS } from "../../infra/policies/wildcards.ts";
import { list, readable, statements, synthesize } from "./synthesized.ts";

const VPC = { vpc: "vpc-0123456789abcdef0", subnets: "subnet-0123456789abcdef0,subnet-0123456789abcdef1" };
const KEYS = { volumeKeys: "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" };
const PLACE = { partition: "aws", region: "eu-west-1", account: "123456789012", urlSuffix: "amazonaws.com" };
const everything = () => synthesize({ ...VPC, ...KEYS, alarmEmail: "ops@example.org", objectLock: "30" });

const roles = () =>
  everything()
    .ofType("AWS::IAM::Role")
    .map(([, { Properties }]) => ({
      name: readable(Properties.RoleName),
      statements: Properties.Policies.flatMap(
        (policy: { PolicyDocument: { Statement: unknown } }) => policy.PolicyDocument.Statement,
      ) as { Effect: string; Action: string | string[]; Resource: unknown; Condition?: Record<string, unknown> }[],
    }));

const allowed = (fn: string) => {
  const role = roles().find(({ name }) => name === `holdfast-${fn}-<AWS::Region>`);
  if (role === undefined) throw new Error(`no role of ${fn}`);
  return role.statements.filter(({ Effect }) => Effect === "Allow");
};
const actions = (fn: string) => new Set(allowed(fn).flatMap(({ Action }) => list(Action)));

test("no policy anywhere has a wildcard in an action, inline policies, key, bucket, topic and queue included", () => {
  const all = statements(everything());
  expect(all.length).toBeGreaterThan(200);
  const wild = all.filter(([, s]) => [...list(s.Action), ...list(s.NotAction)].some((action) => action.includes("*")));
  expect(wild).toEqual([]);
});

test("all permissions of roles are inline and ours: no managed policy, no policy that a construct added", () => {
  const { ofType } = everything();
  expect(ofType("AWS::IAM::Policy")).toEqual([]);
  expect(ofType("AWS::IAM::ManagedPolicy")).toEqual([]);
  for (const [id, { Properties }] of ofType("AWS::IAM::Role")) {
    expect(Properties.ManagedPolicyArns, id).toBeUndefined();
    expect(Properties.Policies, id).toHaveLength(1);
  }
});

test("who can make a foreign volume ours by tags can only call it replaced, and then cannot delete it", () => {
  const taggers = roles().flatMap(({ name, statements }) => {
    const tags = statements.filter(
      (s) =>
        s.Effect === "Allow" &&
        list(s.Action).includes("ec2:CreateTags") &&
        JSON.stringify(s.Resource).includes("volume/*") &&
        JSON.stringify(s.Condition ?? {}).includes("aws:RequestTag") &&
        !JSON.stringify(s.Condition ?? {}).includes("ec2:CreateAction"),
    );
    return tags.length > 0 ? [{ name, statements, tags }] : [];
  });
  expect(taggers.length).toBeGreaterThan(0);
  for (const { name, statements, tags } of taggers) {
    for (const { Condition } of tags)
      expect(Condition?.["ForAnyValue:StringEquals"], name).toEqual({ "aws:TagKeys": ["holdfast:undo-until"] });
    for (const { Action, Condition } of statements)
      if (list(Action).includes("ec2:DeleteVolume"))
        expect(Condition?.Null, name).toEqual({ "aws:ResourceTag/holdfast:undo-until": "true" });
  }
});

test("the resource * is allowed to listed actions only, and the list holds no other", () => {
  const wild = roles()
    .flatMap(({ statements }) => statements)
    .filter(({ Effect, Resource }) => Effect === "Allow" && list(Resource).includes("*"))
    .flatMap(({ Action }) => list(Action));
  expect([...new Set(wild)].sort()).toEqual(WILDCARDS.map(({ action }) => action).sort());
  for (const { reason, page } of WILDCARDS) {
    expect(reason).not.toBe("");
    expect(page).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/service-authorization\//);
  }
});

test("each function has a role of its own and a file of its own in infra/policies", () => {
  const { ofType } = everything();
  const used = ofType("AWS::Lambda::Function").map(([, { Properties }]) => Properties.Role["Fn::GetAtt"][0]);
  expect(new Set(used).size).toBe(FUNCTIONS.length);
  const shared = ["statements.ts", "volumes.ts", "policies.ts", "wildcards.ts", "network.ts", "unused.ts"];
  const files = readdirSync(new URL("../../infra/policies/", import.meta.url)).filter((f) => !shared.includes(f));
  expect(files.sort()).toEqual(FUNCTIONS.map(({ name }) => `${name}.ts`).sort());
});

test("no role can delete or unlock a version, or delete or change table, bucket, key, logs or roles", () => {
  const forbidden =
    /^(s3:(DeleteObjectVersion|DeleteBucket.*|Put(Object(Retention|LegalHold|Acl|VersionAcl)|Bucket.*|Lifecycle.*)|BypassGovernanceRetention|ObjectOwnerOverride.*)|dynamodb:(Delete|Update|Create)(Table|Backup|ContinuousBackups|TimeToLive).*|kms:(Schedule.*|Disable.*|PutKeyPolicy|CreateAlias|DeleteAlias|UpdateAlias|RevokeGrant)|iam:.*|logs:Delete(LogGroup|LogStream|RetentionPolicy)|ec2:(ModifySnapshotAttribute|TerminateInstances|RunInstances)|lambda:(Update|Delete|Create).*|states:(Update|Delete|Create).*)$/;
  for (const { name, statements } of roles()) {
    const bad = statements.flatMap(({ Action }) => list(Action)).filter((action) => forbidden.test(action));
    expect(bad, name).toEqual([]);
  }
});

test("an object is hidden by whom its kind is the business of: roots at deletions, packs by the collector, hooks at seals", () => {
  const hidden = FUNCTIONS.flatMap(({ name }) => {
    const resources = allowed(name)
      .filter(({ Action }) => list(Action).includes("s3:DeleteObject"))
      .flatMap(({ Resource }) => list(Resource).map(readable));
    const kinds = resources.map((arn) => {
      const [, kind] =
        /^arn:<AWS::Partition>:s3:::holdfast-<AWS::AccountId>-<AWS::Region>\/\*\/([a-z]+)\/\*$/.exec(arn) ?? [];
      return kind ?? arn;
    });
    return kinds.length === 0 ? [] : [[name, kinds.sort()] as const];
  });
  expect(Object.fromEntries(hidden)).toEqual({
    "backup-conclude": ["roots"],
    "backup-member-seal": ["hooks"],
    "delete-backup-remove": ["roots"],
    "delete-vault-batch": ["roots"],
    "remove-resource-batch": ["roots"],
    "collect-plan": ["roots"],
    "collect-trash": ["avoid", "hooks", "maps", "packs"],
  });
});

test("who hides packs writes no object, and who writes packs hides none", () => {
  expect(actions("collect-trash")).not.toContain("s3:PutObject");
  for (const fn of ["collect-move", "backup-group-transfer"]) expect(actions(fn)).not.toContain("s3:DeleteObject");
});

test("servers and volumes of others get our tags only, and lose no other", () => {
  let seen = 0;
  for (const { name, statements } of roles()) {
    for (const { Action, Resource, Condition } of statements) {
      const tags = list(Action).some((action) => /^ec2:(Create|Delete)Tags$/.test(action));
      if (!tags) continue;
      seen++;
      const keys = Condition?.["ForAllValues:StringEquals"] as { "aws:TagKeys": string[] } | undefined;
      const making = Condition?.StringEquals as Record<string, unknown> | undefined;
      const listed = keys?.["aws:TagKeys"].every((key) => key.startsWith("holdfast:"));
      expect(listed ?? making?.["aws:RequestTag/holdfast:deployment"], `${name} ${list(Resource)}`).toBeTruthy();
      if (list(Action).includes("ec2:DeleteTags")) expect(listed, name).toBe(true);
    }
  }
  expect(seen).toBeGreaterThan(5);
});

test("a function may use a service if and only if it is wired to the part that speaks to it", () => {
  const speaks: readonly (readonly [RegExp, readonly string[]])[] = [
    [/^dynamodb:/, ["records"]],
    [/^s3:/, ["objects"]],
    [/^states:/, ["workflows"]],
    [/^(sns|events):/, ["notifier"]],
    [/^ec2:/, ["ec2", "targets"]],
    [/^ebs:(List|Get|Put)/, ["blocks"]],
    [/^ebs:(Start|Complete)/, ["targets"]],
  ];
  for (const { name, parts } of FUNCTIONS) {
    const policy = policyOf(name, { names: namesOf("holdfast", PLACE), keyArn: "key", volumeKeys: [] });
    const all = policy.flatMap(({ actions }) => actions);
    for (const [pattern, owners] of speaks) {
      const wired = owners.some((owner) => (parts as readonly string[]).includes(owner));
      const speaking = all.some((action) => pattern.test(action));
      // Of those with targets only the tasks at its beginning and at its end write snapshots.
      if (owners.includes("targets") && pattern.source.includes("ebs")) expect(wired || !speaking, name).toBe(true);
      else expect(speaking, `${name} ${pattern}`).toBe(wired);
    }
  }
});

test("the API touches no backup data and changes nothing in EC2", () => {
  const api = policyOf("api", { names: namesOf("holdfast", PLACE), keyArn: "key", volumeKeys: ["volume-key"] });
  const all = api.flatMap(({ actions }) => actions);
  expect(all.filter((action) => /^(s3|ebs):/.test(action))).toEqual([]);
  expect(all.filter((action) => action.startsWith("ec2:") && !action.startsWith("ec2:Describe"))).toEqual([]);
});

test("snapshots and volumes are deleted, and blocks read and written, only where our tag is", () => {
  const guarded = /^(ec2:Delete(Snapshot|Volume)|ebs:(GetSnapshotBlock|List\w+|PutSnapshotBlock|CompleteSnapshot))$/;
  let seen = 0;
  for (const { name, statements } of roles()) {
    for (const { Action, Condition } of statements) {
      if (!list(Action).some((action) => guarded.test(action))) continue;
      seen++;
      expect(Condition, name).toMatchObject({ StringEquals: { "aws:ResourceTag/holdfast:deployment": "holdfast" } });
    }
  }
  expect(seen).toBeGreaterThan(5);
});

test("whatever is made in EC2 and EBS is tagged with the deployment while it is made", () => {
  for (const { name, statements } of roles()) {
    for (const { Action, Resource, Condition } of statements) {
      const makes = list(Action).some((action) => /^(ec2:Create(Snapshots?|Volume)|ebs:StartSnapshot)$/.test(action));
      const made = list(Resource).map(readable);
      const ofOthers =
        made.every((arn) => /:(instance|volume)\/\*$/.test(arn)) && !list(Action).includes("ec2:CreateVolume");
      if (!makes || ofOthers) continue;
      const tag = (kind: string) => `aws:${kind}/holdfast:deployment`;
      const { StringEquals } = Condition as { StringEquals: Record<string, string> };
      // A volume is made from a snapshot of ours: that one has the tag already.
      expect(StringEquals[tag("RequestTag")] ?? StringEquals[tag("ResourceTag")], name).toBe("holdfast");
    }
  }
});

test("the deployment's key is used by roles only for one purpose each: a condition stands beside every use", () => {
  let seen = 0;
  for (const { name, statements } of roles()) {
    for (const { Action, Condition } of statements) {
      if (!list(Action).some((action) => action.startsWith("kms:"))) continue;
      seen++;
      expect(Condition, `${name} ${list(Action)}`).toBeDefined();
    }
  }
  expect(seen).toBeGreaterThan(FUNCTIONS.length);
});

test("a policy fits into a role: 10,240 characters of inline policies", () => {
  for (const { name, statements } of roles()) {
    // Tokens are longer than what they become; the limit does not count white space.
    expect(JSON.stringify(statements).length, name).toBeLessThan(10_240);
  }
});

test("a machine invokes the functions of its own definition and no other", () => {
  const { ofType } = everything();
  for (const [id, { Properties }] of ofType("AWS::StepFunctions::StateMachine")) {
    const definition = readable(Properties.DefinitionString);
    const inDefinition = new Set(definition.match(/function:holdfast-[a-z-]+/g) ?? []);
    const workflow = readable(Properties.StateMachineName).slice("holdfast-".length);
    const invoked = roles()
      .find(({ name }) => name === `holdfast-machine-${workflow}-<AWS::Region>`)
      ?.statements.filter(({ Action }) => list(Action).includes("lambda:InvokeFunction"))
      .flatMap(({ Resource }) => list(Resource).map((arn) => readable(arn).replace(/^.*:function:/, "function:")));
    expect(new Set(invoked), id).toEqual(inDefinition);
  }
});

test("the administration seals the first secrets and can open none", () => {
  const onKey = allowed("admin").filter(({ Action }) => list(Action).some((action) => action.startsWith("kms:")));
  const direct = onKey.filter(({ Condition }) => !JSON.stringify(Condition).includes("kms:ViaService"));
  expect(direct.flatMap(({ Action }) => list(Action))).toEqual(["kms:Encrypt"]);
});

test("who may change a server's attributes is denied its user data, which guests run as root", () => {
  const changing = roles().filter(({ statements }) =>
    statements.some(({ Effect, Action }) => Effect === "Allow" && list(Action).includes("ec2:ModifyInstanceAttribute")),
  );
  expect(changing.map(({ name }) => name).sort()).toEqual(
    ["restore-conclude", "restore-fail", "restore-swap", "tick"].map((fn) => `holdfast-${fn}-<AWS::Region>`),
  );
  for (const { name, statements } of changing) {
    const denied = statements
      .filter(({ Effect }) => Effect === "Deny")
      .map(({ Action, Condition }) => [Action, Condition]);
    expect(denied, name).toContainEqual([
      "ec2:ModifyInstanceAttribute",
      { Null: { "ec2:Attribute/UserData": "false" } },
    ]);
  }
});
