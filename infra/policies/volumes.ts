/** What may a function do with servers, volumes and snapshots? Ours are told by the tag that each is made with. */
import type { Names } from "../names.ts";
import { type Conditions, type Scope, type Statement, via } from "./statements.ts";

/** On everything that a deployment makes in EC2 and EBS. */
const TAG = "holdfast:deployment";

const ours = ({ names }: Scope): Conditions => ({ StringEquals: { [`aws:ResourceTag/${TAG}`]: names.name } });
const tagged = ({ names }: Scope): Conditions => ({ StringEquals: { [`aws:RequestTag/${TAG}`]: names.name } });

/** Snapshots have no account in their ARN: Service Authorization Reference, "Amazon EC2", resource types. */
const snapshots = ({ place: { partition, region } }: Names): string => `arn:${partition}:ec2:${region}::snapshot/*`;
const volumes = (names: Names): string => names.arn("ec2", "volume/*");
const instances = (names: Names): string => names.arn("ec2", "instance/*");
const rootTasks = (names: Names): string => names.arn("ec2", "replace-root-volume-task/*");

type Described = "Instances" | "Volumes" | "Snapshots" | "ReplaceRootVolumeTasks";

/** EC2's describing actions know no resources: wildcards.ts. */
export const describe = (_: Scope, ...kinds: readonly Described[]): readonly Statement[] => [
  { actions: kinds.map((kind) => `ec2:Describe${kind}`), resources: ["*"] },
];

/** Tags that are put on while the thing is made, by these calls; not on anything that exists already. */
const tagging = (scope: Scope, resource: string, ...by: readonly string[]): Statement => ({
  actions: ["ec2:CreateTags"],
  resources: [resource],
  conditions: { StringEquals: { ...tagged(scope).StringEquals, "ec2:CreateAction": by } },
});

/** Snapshots of anybody's volumes; each carries our tag from its first moment. */
export const takeSnapshots = (scope: Scope): readonly Statement[] => [
  { actions: ["ec2:CreateSnapshot"], resources: [volumes(scope.names)] },
  { actions: ["ec2:CreateSnapshots"], resources: [instances(scope.names), volumes(scope.names)] },
  {
    actions: ["ec2:CreateSnapshot", "ec2:CreateSnapshots"],
    resources: [snapshots(scope.names)],
    conditions: tagged(scope),
  },
  tagging(scope, snapshots(scope.names), "CreateSnapshot", "CreateSnapshots"),
];

/** Deletes our snapshots. */
export const deleteSnapshots = (scope: Scope): readonly Statement[] => [
  { actions: ["ec2:DeleteSnapshot"], resources: [snapshots(scope.names)], conditions: ours(scope) },
];

/** Deletes volumes that we made, and none that was somebody's before it was replaced. */
const deleteMade = (scope: Scope): readonly Statement[] => [
  {
    actions: ["ec2:DeleteVolume"],
    resources: [volumes(scope.names)],
    conditions: { ...ours(scope), Null: { [`aws:ResourceTag/${UNDO_TAG}`]: "true" } },
  },
];

/** Deletes our volumes. */
export const deleteVolumes = (scope: Scope): readonly Statement[] => [
  { actions: ["ec2:DeleteVolume"], resources: [volumes(scope.names)], conditions: ours(scope) },
];

/** Reads the blocks of our snapshots. */
export const readBlocks = (scope: Scope): readonly Statement[] => [
  {
    actions: ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"],
    resources: [snapshots(scope.names)],
    conditions: ours(scope),
  },
  ...volumeKeys(scope, "kms:Decrypt", "kms:DescribeKey"),
];

/** Asks what changed between two of our snapshots. */
export const listChanges = (scope: Scope): readonly Statement[] => [
  { actions: ["ebs:ListChangedBlocks"], resources: [snapshots(scope.names)], conditions: ours(scope) },
];

/** Begins a snapshot that is written block by block. */
export const startSnapshots = (scope: Scope): readonly Statement[] => [
  { actions: ["ebs:StartSnapshot"], resources: [snapshots(scope.names)], conditions: tagged(scope) },
  // EBS tags it in the caller's name; EC2 knows no CreateAction of another service.
  { actions: ["ec2:CreateTags"], resources: [snapshots(scope.names)], conditions: tagged(scope) },
  ...volumeKeys(scope, "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"),
];

/** Writes the blocks of our snapshots. */
export const writeBlocks = (scope: Scope): readonly Statement[] => [
  { actions: ["ebs:PutSnapshotBlock"], resources: [snapshots(scope.names)], conditions: ours(scope) },
  ...volumeKeys(scope, "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
];

/** Ends the writing of our snapshots. */
export const completeSnapshots = (scope: Scope): readonly Statement[] => [
  { actions: ["ebs:CompleteSnapshot"], resources: [snapshots(scope.names)], conditions: ours(scope) },
];

/** Makes volumes from our snapshots. */
export const createVolumes = (scope: Scope): readonly Statement[] => [
  { actions: ["ec2:CreateVolume"], resources: [volumes(scope.names)], conditions: tagged(scope) },
  { actions: ["ec2:CreateVolume"], resources: [snapshots(scope.names)], conditions: ours(scope) },
  tagging(scope, volumes(scope.names), "CreateVolume"),
  ...forVolumes(scope),
];

/** Our tags on a volume while it is swapped: where the new one goes, that it is there. */
const SWAP_TAGS = ["holdfast:place", "holdfast:in-place"];
/** Our only tag on a server: a restore stopped it and will start it. */
const SERVER_TAGS = ["holdfast:restart"];

/** On a volume that was replaced, among others. */
const UNDO_TAG = "holdfast:undo-until";

const only = (tags: readonly string[]): Conditions => ({ "ForAllValues:StringEquals": { "aws:TagKeys": tags } });

/**
 * Writes down how far a swap is. A volume that was replaced becomes ours by its tags, which say until when it is kept: without
 * that one nobody's volume can be made ours, and with it only the sweep deletes it, which cannot tag.
 */
const markSwap = (scope: Scope): readonly Statement[] => [
  {
    actions: ["ec2:CreateTags"],
    resources: [volumes(scope.names)],
    conditions: { ...tagged(scope), "ForAnyValue:StringEquals": { "aws:TagKeys": [UNDO_TAG] } },
  },
  {
    actions: ["ec2:CreateTags", "ec2:DeleteTags"],
    resources: [volumes(scope.names)],
    conditions: { ...ours(scope), ...only(SWAP_TAGS) },
  },
];

/**
 * Attaches volumes to anybody's server, and starts it: any server of the account may be protected, and none carries our tag.
 * ModifyInstanceAttribute says whether a volume ends with its server. It also sets user data, which is a script that a guest
 * runs as root: denied. An Allow for the one attribute would need a value of `ec2:Attribute` that AWS documents nowhere, and
 * restores would fail where it is another; a Deny that never matches only protects less.
 */
const attach = (scope: Scope): readonly Statement[] => [
  { actions: ["ec2:AttachVolume"], resources: [instances(scope.names), volumes(scope.names)] },
  { actions: ["ec2:StartInstances", "ec2:ModifyInstanceAttribute"], resources: [instances(scope.names)] },
  {
    actions: ["ec2:ModifyInstanceAttribute"],
    resources: [instances(scope.names)],
    // Whenever the call carries it: Service Authorization Reference, "Amazon EC2", condition keys.
    conditions: { Null: { "ec2:Attribute/UserData": "false" } },
    deny: true,
  },
  ...forVolumes(scope),
];

/** Puts volumes of ours in the places of others; stops the server for it. The root alone is replaced while it runs. */
export const swapVolumes = (scope: Scope): readonly Statement[] => [
  { actions: ["ec2:StopInstances"], resources: [instances(scope.names)] },
  { actions: ["ec2:DetachVolume"], resources: [instances(scope.names), volumes(scope.names)] },
  {
    actions: ["ec2:CreateTags", "ec2:DeleteTags"],
    resources: [instances(scope.names)],
    conditions: only(SERVER_TAGS),
  },
  {
    actions: ["ec2:CreateReplaceRootVolumeTask"],
    resources: [instances(scope.names), volumes(scope.names), rootTasks(scope.names)],
  },
  tagging(scope, rootTasks(scope.names), "CreateReplaceRootVolumeTask"),
  ...markSwap(scope),
  ...attach(scope),
  ...deleteSnapshots(scope),
];

/** Frees what a restore made; puts back a volume that had left its place, and starts the server that was stopped. */
export const abandonRestore = (scope: Scope): readonly Statement[] => [
  ...describe(scope, "Instances", "Volumes", "Snapshots"),
  { actions: ["ec2:DeleteTags"], resources: [instances(scope.names)], conditions: only(SERVER_TAGS) },
  ...markSwap(scope),
  ...attach(scope),
  ...deleteSnapshots(scope),
  ...deleteMade(scope),
];

/** What EC2 does with a volume's key for who makes, attaches or starts it: EBS guide, "Requirements for encryption". */
const forVolumes = (scope: Scope): readonly Statement[] => [
  ...volumeKeys(
    scope,
    "kms:DescribeKey",
    "kms:Decrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ),
  ...(scope.volumeKeys.length === 0
    ? []
    : [
        {
          actions: ["kms:CreateGrant"],
          resources: scope.volumeKeys,
          conditions: { Bool: { "kms:GrantIsForAWSResource": "true" } },
        },
      ]),
];

/** The keys that the operator named, through EC2 and EBS only. `aws/ebs` needs nothing: its own policy admits the account. */
const volumeKeys = (scope: Scope, ...actions: readonly string[]): readonly Statement[] =>
  scope.volumeKeys.length === 0
    ? []
    : [
        {
          actions,
          resources: scope.volumeKeys,
          conditions: { StringEquals: { "kms:ViaService": [via(scope.names, "ec2"), via(scope.names, "ebs")] } },
        },
      ];
