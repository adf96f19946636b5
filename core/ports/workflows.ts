/**
 * Workflows: starts the state machines of workflows/*.asl.json and tells how they ended.
 *
 * Each adapter passes test/contracts/workflows.ts. Started work survives a crash: it goes on from the last task whose
 * output was recorded, so every task is idempotent (a crash may fall between its effect and the record).
 */
import type { JsonObject } from "./record-store.ts";

export type WorkflowName =
  | "backup"
  | "backup-member"
  | "backup-group"
  | "restore"
  | "restore-group"
  | "compare-group"
  | "delete-backup"
  | "delete-vault"
  | "remove-resource"
  | "collect";

export type ExecutionStatus = "running" | "succeeded" | "failed";

export interface Workflows {
  /**
   * Starts an execution, durably, before it resolves. The name (at most 80 characters of `[A-Za-z0-9_-]`) makes it
   * happen once: a second start under it is `exists`, whatever its input and however the first one ended.
   * `input` is at most 256 KiB of JSON.
   */
  start(workflow: WorkflowName, name: string, input: JsonObject): Promise<"started" | "exists">;
  /** undefined = never started (or forgotten after 90 days). */
  status(workflow: WorkflowName, name: string): Promise<ExecutionStatus | undefined>;
}
