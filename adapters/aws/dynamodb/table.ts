/** What does the table look like? Plain data, for the code that uses it, for infra and for tests that create it. */

/**
 * One table, all keys strings, three sparse indexes that hold whole items (projection ALL).
 *
 * An index is not called `g1` because a name has at least three characters (Amazon DynamoDB API reference,
 * GlobalSecondaryIndex).
 */
export const recordsTable = {
  partitionKey: "pk",
  sortKey: "sk",
  /** Number, epoch seconds: the attribute to name in the table's time-to-live setting. */
  ttl: "ttl",
  indexes: {
    g1: { name: "records-g1", partitionKey: "g1pk", sortKey: "g1sk" },
    g2: { name: "records-g2", partitionKey: "g2pk", sortKey: "g2sk" },
    g3: { name: "records-g3", partitionKey: "g3pk", sortKey: "g3sk" },
  },
} as const;
