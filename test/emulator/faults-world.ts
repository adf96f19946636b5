/** What do tests of faults work with: disks under protection, runs whose end is awaited, bytes that come back? */
import { DescribeSnapshotsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  paginateListExecutions,
  SFNClient,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { expect } from "vitest";
import type { TickReport } from "../../core/app/time/tick.ts";
import { scenarioClient } from "../e2e/scenarios/client.ts";
import { addedBytes, digestOfPieces, GIB, MIB, type Piece } from "../e2e/scenarios/content.ts";
import { EMULATED_ACCOUNT } from "../support/emulators/start.ts";
import type { Answer } from "../support/vault-host.ts";
import { openAwsHost } from "./aws-host.ts";
import { sharedDeployment } from "./deploy.ts";
import { recordsOf } from "./faults-records.ts";
import { until } from "./faults-until.ts";

/** 6.5 MiB in the first and the second leaf of a disk of 1 GiB: one call of transfer for each. */
const PIECES: readonly Piece[] = [
  { offset: 3 * MIB, length: 4 * MIB, seed: 31 },
  { offset: 600 * MIB + 7, length: 2 * MIB, seed: 32 },
];
const DAMAGE: readonly Piece[] = [
  { offset: 5 * MIB, length: MIB, seed: 33 },
  { offset: 300 * MIB, length: MIB, seed: 33 },
];

/** A disk in a vault of its own. */
export interface Protected {
  readonly disk: string;
  readonly vault: string;
  readonly pieces: readonly Piece[];
}

/** A backup that was asked for. */
export interface Run {
  readonly checkpoint: string;
  readonly backup: string;
  readonly task: string;
}

/** How it ended, as the API says. */
export interface Outcome {
  readonly backup: Answer["body"];
  readonly task: Answer["body"];
}

export type FaultWorld = Awaited<ReturnType<typeof faultWorld>>;

export async function faultWorld() {
  const deployed = await sharedDeployment();
  const host = openAwsHost(deployed);
  const client = scenarioClient(host);
  const lambda = new LambdaClient();
  const sfn = new SFNClient();
  const ec2 = new EC2Client();

  /** The body, once the API has one: under faults it may answer 5xx, and then is asked again. */
  async function shown(path: string): Promise<Answer["body"] | undefined> {
    const answer = await client.call("GET", path);
    if (answer.status >= 500) return undefined;
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  const self = {
    deployed,
    client,
    records: recordsOf(deployed.outputs.TableName ?? ""),

    async protect(pieces = PIECES, sizeBytes = GIB): Promise<Protected> {
      const disk = await host.makeDisk({ sizeBytes, pieces });
      return { disk, vault: await client.vault("disk", [disk]), pieces };
    },

    async start(what: Protected): Promise<Run> {
      await client.must("POST", "/checkpoints", { checkpoint: { vault_id: what.vault } });
      return self.recorded(what);
    },

    /** The backup of a disk that is recorded as running. */
    async recorded({ disk }: Protected): Promise<Run> {
      const running = `/operation-logs?resource_id=${disk}&operation_type=backup&status=running`;
      const [log] = (await client.must("GET", running)).operation_logs;
      return { checkpoint: log.checkpoint_id, backup: log.extra_info.backup.backup_id, task: log.id };
    },

    /** Waits until backup and task have ended. */
    ended: ({ backup, task }: Run, withinMs = 120_000): Promise<Outcome> =>
      until(
        `the end of backup ${backup}`,
        async () => {
          const log = (await shown(`/operation-logs/${task}`))?.operation_log;
          if (log === undefined || log.status === "running") return undefined;
          const row = (await shown(`/backups/${backup}`))?.backup;
          return row && { backup: row, task: log };
        },
        withinMs,
      ),

    backUp: async (what: Protected): Promise<Outcome> => self.ended(await self.start(what)),

    /** Waits for the end of this restore only: other tests' work may go on. @returns its task */
    async restore({ disk }: Protected, backup: string): Promise<Answer["body"]> {
      const { job_id } = await client.must("POST", `/backups/${backup}/restore`, { restore: { volume_id: disk } });
      return until(`the end of restore ${job_id}`, async () => {
        const log = (await shown(`/operation-logs/${job_id}`))?.operation_log;
        return log?.status === "running" ? undefined : log;
      });
    },

    /** The backup is there and whole: what the API says of it, what it costs, and its bytes over other ones. */
    async isWhole(what: Protected, { backup, task }: Outcome): Promise<void> {
      expect(task).toMatchObject({ status: "success", error_info: { code: "", message: "" } });
      expect(backup).toMatchObject({ status: "available", resource_id: what.disk });
      expect(await self.used(what)).toBe(Math.ceil(addedBytes([], what.pieces) / MIB));
      await host.overwrite(what.disk, DAMAGE);
      expect(await self.restore(what, backup.id)).toMatchObject({ status: "success" });
      expect(await host.digest(what.disk)).toBe(await digestOfPieces(what.pieces));
    },

    /** The backup failed and says why, costs nothing, and nothing of it is in the way of the next one. */
    async hasFailed(
      what: Protected,
      { backup, task }: Outcome,
      reason: { readonly status?: "failed" | "timeout"; readonly message: RegExp },
    ): Promise<void> {
      expect(task).toMatchObject({ status: reason.status ?? "failed" });
      expect(task.error_info.code).toMatch(/^BackupService\.\d{4}$/);
      expect(task.error_info.message).toMatch(reason.message);
      expect(backup).toMatchObject({ status: "error" });
      expect(await self.used(what)).toBe(0);
      expect(await self.snapshotsOf(what)).toEqual([]);
      await self.isWhole(what, await self.backUp(what));
    },

    used: async ({ vault }: Protected): Promise<number> =>
      (await client.must("GET", `/vaults/${vault}`)).vault.billing.used,

    /** States of the snapshots that were taken of it and still stand there. */
    async snapshotsOf({ vault }: Pick<Protected, "vault">): Promise<string[]> {
      const Filters = [{ Name: "tag:holdfast:vault", Values: [vault] }];
      const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters }));
      return (Snapshots ?? []).map(({ State }) => State ?? "");
    },

    /** How often the groups of a backup entered their state `Transfer`; retries of it are not counted. */
    async transfersOf(backup: string): Promise<number> {
      let sum = 0;
      for (const executionArn of await self.executions("backup-group", backup)) {
        const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
        sum += (events ?? []).filter((event) => event.stateEnteredEventDetails?.name === "Transfer").length;
      }
      return sum;
    },

    machine: (workflow: string): string =>
      `arn:aws:states:${process.env.AWS_REGION}:${EMULATED_ACCOUNT}:stateMachine:${deployed.name}-${workflow}`,

    /** ARNs of a workflow's executions whose names begin so. */
    async executions(workflow: string, name: string): Promise<string[]> {
      const arns = [];
      for await (const { executions } of paginateListExecutions(
        { client: sfn },
        { stateMachineArn: self.machine(workflow) },
      ))
        for (const one of executions ?? []) if (one.name?.startsWith(name)) arns.push(one.executionArn ?? "");
      return arns;
    },

    /** Waits until no execution of that name runs any more. */
    haveEnded: (workflow: string, name: string): Promise<unknown> =>
      until(`the end of ${workflow} ${name}`, async () => {
        const arns = await self.executions(workflow, name);
        const all = await Promise.all(
          arns.map((executionArn) => sfn.send(new DescribeExecutionCommand({ executionArn }))),
        );
        return all.some(({ status }) => status === "RUNNING") ? undefined : true;
      }),

    /** Stops executions as an operator may, who does not know what hangs on them. */
    async stop(workflow: string, name: string): Promise<void> {
      for (const executionArn of await self.executions(workflow, name))
        await sfn.send(new StopExecutionCommand({ executionArn }));
    },

    /** Snapshots of the deployment that nobody needs: more than one of a disk, or one that was never completed. */
    async leftovers(): Promise<string[]> {
      const Filters = [{ Name: "tag:holdfast:deployment", Values: [deployed.name] }];
      const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters }));
      const ofDisks = new Set<string>();
      return (Snapshots ?? []).flatMap(({ SnapshotId, State, Tags }) => {
        const tags = Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value]));
        const disk = `${tags["holdfast:vault"]} ${tags["holdfast:disk"]}`;
        const isBaseline = State === "completed" && tags["holdfast:restore"] === undefined && !ofDisks.has(disk);
        ofDisks.add(disk);
        return isBaseline ? [] : [`${SnapshotId} ${State} ${JSON.stringify(tags)}`];
      });
    },

    /** What EventBridge does each minute. */
    async tick(): Promise<TickReport> {
      const answer = await lambda.send(new InvokeCommand({ FunctionName: `${deployed.name}-tick` }));
      const text = Buffer.from(answer.Payload ?? []).toString();
      if (answer.FunctionError !== undefined) throw new Error(`tick: ${text}`);
      return JSON.parse(text) as TickReport;
    },
  };
  return self;
}
