/** What must outlive every other part of a deployment: records, backup data, and the key that opens both. */
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectLockRetention, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { CfnOutput, Duration, RemovalPolicy } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { recordsTable } from "../../adapters/aws/dynamodb/table.ts";
import type { Options } from "../options.ts";
import { DeploymentStack } from "./deployment.ts";
import { keyPolicy } from "./key-policy.ts";

/** What was deleted can be had back for this long (design §5). */
const TRASH = Duration.days(14);
/** Point-in-time recovery reaches this far back: the most that DynamoDB offers. */
const RECOVERY_DAYS = 35;

export class DataStack extends DeploymentStack {
  readonly keyArn: string;

  constructor(scope: Construct, options: Options) {
    super(scope, options, "Data", {
      description: "Holdfast: records, backup data and their key. Deleting this loses backups.",
      terminationProtection: options.retainOnDestroy,
    });
    // What a failed first deploy has made is empty and goes with it: kept, it would stand in the way of the next try.
    const removalPolicy = options.retainOnDestroy ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
    const key = new Key(this, "Key", {
      alias: this.names.keyAlias,
      description: `Holdfast ${options.name}: wraps domain keys and secrets, encrypts table, bucket and topic`,
      enableKeyRotation: true,
      policy: keyPolicy(this.account),
      // The longest there is: without the key no backup can be read.
      pendingWindow: Duration.days(30),
      removalPolicy,
    });
    this.keyArn = key.keyArn;
    const table = this.#table(key, removalPolicy);
    const bucket = this.#bucket(key, removalPolicy);
    // Last, with the alias and the bucket's policy before it: once it stands nothing can fail any more, and what fails before
    // leaves no protected table, which CloudFormation could not take back.
    table.node.addDependency(key, bucket);
    new CfnOutput(this, "TableName", { value: table.tableName });
    new CfnOutput(this, "BucketName", { value: bucket.bucketName });
    new CfnOutput(this, "KeyArn", { value: key.keyArn });
  }

  /** What the adapter says that it speaks to. */
  #table(encryptionKey: Key, removalPolicy: RemovalPolicy): Table {
    const text = (name: string) => ({ name, type: AttributeType.STRING });
    const table = new Table(this, "Records", {
      tableName: this.names.table,
      partitionKey: text(recordsTable.partitionKey),
      sortKey: text(recordsTable.sortKey),
      timeToLiveAttribute: recordsTable.ttl,
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: RECOVERY_DAYS },
      deletionProtection: this.options.retainOnDestroy,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey,
      removalPolicy,
    });
    for (const { name, partitionKey, sortKey } of Object.values(recordsTable.indexes)) {
      table.addGlobalSecondaryIndex({
        indexName: name,
        partitionKey: text(partitionKey),
        sortKey: text(sortKey),
        projectionType: ProjectionType.ALL,
      });
    }
    return table;
  }

  #bucket(encryptionKey: Key, removalPolicy: RemovalPolicy): Bucket {
    const { objectLock } = this.options;
    const bucket = new Bucket(this, "Objects", {
      bucketName: this.names.bucket,
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey,
      // One data key for many objects instead of a call of KMS for each.
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        {
          id: "trash",
          noncurrentVersionExpiration: TRASH,
          expiredObjectDeleteMarker: true,
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      ...(objectLock !== undefined && {
        objectLockEnabled: true,
        objectLockDefaultRetention: ObjectLockRetention.compliance(Duration.days(objectLock)),
      }),
      removalPolicy,
    });
    bucket.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        // Everything but the bucket's region, which is no secret: a Deny that lists actions has a hole for each new one, and
        // no policy of ours has a wildcard in an action.
        notActions: ["s3:GetBucketLocation"],
        resources: [bucket.bucketArn, bucket.arnForObjects("*")],
        conditions: { Bool: { "aws:SecureTransport": "false" } },
      }),
    );
    return bucket;
  }
}
