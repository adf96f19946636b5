/** What may the capture do? It snapshots all disks at one instant, and frees an attempt that was given up. */
import { type Policy, records } from "./statements.ts";
import { deleteSnapshots, describe, takeSnapshots } from "./volumes.ts";

export const backupMemberCapture: Policy = (scope) => [
  ...records(scope, "get", "put"),
  ...describe(scope, "Instances", "Volumes", "Snapshots"),
  ...takeSnapshots(scope),
  ...deleteSnapshots(scope),
];
