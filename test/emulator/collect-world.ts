/** What do tests of collections on AWS work with: a deployment of their own, a clock that can be ahead, what the bucket shows and hides? */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { expect, inject } from "vitest";
import { Due } from "../../core/app/records/entities.ts";
import { dueKey, repositoryKey, trashKey } from "../../core/app/records/keys.ts";
import { parseItem } from "../../core/app/records/record.ts";
import type { Repository } from "../../core/app/records/repositories.ts";
import { insertAt, load, replace, repositories } from "../../core/app/records/tables.ts";
import { trash } from "../../core/app/records/trash.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { shardOf } from "../../core/app/time/due.ts";
import { scenarioClient } from "../e2e/scenarios/client.ts";
import { digestOfPieces, GIB, MIB, type Piece } from "../e2e/scenarios/content.ts";
import { CLOCK_FILE, EMULATED_ACCOUNT } from "../support/emulators/start.ts";
import { openAwsHost } from "./aws-host.ts";
import { type Deployed, deployStacks, firstCredentials } from "./deploy.ts";
import { recordsOf } from "./faults-records.ts";
import { until } from "./faults-until.ts";

export const MINUTE = 60_000;
/** A day and an hour: what may happen after a day happens. */
export const DAY = 25 * 60 * MINUTE;

/** Over everything that these tests write. */
const DAMAGE: readonly Piece[] = [{ offset: 0, length: 16 * MIB, seed: 59 }];

/** A disk in a vault of its own, and what it holds now. */
export interface Protected {
  readonly disk: string;
  readonly vault: string;
  content: readonly Piece[];
}

/** A point that can be gone back to. */
export interface Point {
  readonly id: string;
  readonly content: readonly Piece[];
  /** Packs that came with it. */
  readonly packs: readonly string[];
}

/** What a function threw, under the name that workflows match. */
class FunctionFailed extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export type CollectWorld = Awaited<ReturnType<typeof collectWorld>>;

/** Deploys; nobody else's backups are in its repository, so that every pack can be told. */
export async function collectWorld() {
  const name = "hfcollect";
  const deployed: Deployed = {
    name,
    outputs: await deployStacks(name),
    credentials: await firstCredentials(name),
  };
  const host = openAwsHost(deployed);
  const client = scenarioClient(host);
  const [lambda, sfn, s3] = [new LambdaClient(), new SFNClient(), new S3Client({ forcePathStyle: true })];
  const records = recordsOf(deployed.outputs.TableName ?? "");
  const Bucket = deployed.outputs.BucketName ?? "";
  const domain = defaultDomain(deployed.credentials.project_id);
  const clock = join(inject("aws").logs, CLOCK_FILE);
  const stateMachineArn = `arn:aws:states:${process.env.AWS_REGION}:${EMULATED_ACCOUNT}:stateMachine:${name}-collect`;
  let collections = 0;

  /** Pages of versions and delete markers of everything whose name begins so; the SDK has no paginator for them. */
  async function* versions(Prefix: string): AsyncGenerator<ListObjectVersionsCommandOutput> {
    let page: ListObjectVersionsCommandOutput | undefined;
    do {
      const KeyMarker = page?.NextKeyMarker;
      const VersionIdMarker = page?.NextVersionIdMarker;
      page = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix, KeyMarker, VersionIdMarker }));
      yield page;
    } while (page.IsTruncated === true);
  }

  const self = {
    client,
    records,
    domain,
    s3,
    Bucket,
    /** By how much the collector's clock is ahead of everybody else's: nothing else of the service looks at it. */
    ahead: 0,

    async protect(content: readonly Piece[]): Promise<Protected> {
      const disk = await host.makeDisk({ sizeBytes: GIB, pieces: content });
      return { disk, vault: await client.vault("disk", [disk]), content };
    },

    /** Writes to the disk, and backs it up. */
    async backUp(what: Protected, changes: readonly Piece[] = []): Promise<Point> {
      const before = new Set((await self.objects("packs")).shown);
      if (changes.length > 0) await host.overwrite(what.disk, changes);
      what.content = [...what.content, ...changes];
      const backup = (await client.backUp(what.vault, { name: "point" }))[what.disk];
      expect(backup).toMatchObject({ status: "available" });
      const packs = (await self.objects("packs")).shown.filter((pack) => !before.has(pack));
      return { id: backup.id, content: what.content, packs };
    },

    /** Deletes it, and a day in the trash under the eyes of the tick passes at once. */
    async drop({ id }: Point): Promise<void> {
      await client.must("DELETE", `/backups/${id}`);
      await client.idle();
      const trashed = await load(records, trash, trashKey(id));
      if (trashed === undefined) throw new Error(`backup ${id} is not in the trash`);
      const { deletedAt, notBefore, observed } = trashed;
      // Whoever deleted it may have had the collector's clock.
      const now = Date.now() - MINUTE;
      const older = { deletedAt: now - (notBefore - deletedAt), notBefore: now, observed: observed - DAY };
      await records.write(replace(trash, { ...trashed, ...older }));
      const dueThen = dueKey(shardOf(id), notBefore, "purge", id);
      const promised = await records.get(dueThen, { consistent: true });
      if (promised === undefined) throw new Error(`nobody will purge ${id}`);
      const { v: _seen, ...due } = parseItem(Due, promised);
      const dueNow = dueKey(shardOf(id), Date.now() - 1_000, "purge", id);
      await records.transact([{ op: "delete", key: dueThen, if: "present" }, insertAt({ key: dueNow }, due)]);
      await self.tick();
      expect(await load(records, trash, trashKey(id))).toMatchObject({ state: "purged" });
    },

    /** The point comes back to the byte; the disk holds it then. */
    async expectRestores(what: Protected, point: Point): Promise<void> {
      await host.overwrite(what.disk, DAMAGE);
      expect(await client.restore(point.id, { volume_id: what.disk })).toMatchObject({ status: "success" });
      expect(await host.digest(what.disk)).toBe(await digestOfPieces(point.content));
      what.content = point.content;
    },

    /** Starts an execution of the machine `collect`. @returns its name */
    async start(execution = `by-test-${++collections}`): Promise<string> {
      writeFileSync(clock, String(self.ahead));
      const input = JSON.stringify({ domainId: domain, name: execution });
      await sfn.send(new StartExecutionCommand({ stateMachineArn, name: execution, input }));
      return execution;
    },

    /** Waits for its end; however its work ended, the execution succeeds. @returns what it recorded */
    async ended(execution: string): Promise<Repository["last"]> {
      const executionArn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${execution}`;
      const status = await until(`the end of ${execution}`, async () => {
        const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        return found.status === "RUNNING" ? undefined : found.status;
      });
      expect(status).toBe("SUCCEEDED");
      const repository = await load(records, repositories, repositoryKey(domain));
      return repository?.last;
    },

    collect: async (): Promise<Repository["last"]> => self.ended(await self.start()),

    /** Names of executions of the machine. */
    async executions(): Promise<string[]> {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      return executions.map((execution) => execution.name ?? "");
    },

    /** Calls one task, as the machine does. @throws FunctionFailed under the name that the function's error has */
    async task(fn: string, input: object): Promise<Record<string, unknown>> {
      writeFileSync(clock, String(self.ahead));
      const Payload = JSON.stringify({ domainId: domain, ...input });
      const answer = await lambda.send(new InvokeCommand({ FunctionName: `${name}-collect-${fn}`, Payload }));
      const said = JSON.parse(Buffer.from(answer.Payload ?? []).toString() || "null");
      if (answer.FunctionError !== undefined) throw new FunctionFailed(said.errorType, said.errorMessage);
      return said;
    },

    async tick(): Promise<void> {
      const answer = await lambda.send(new InvokeCommand({ FunctionName: `${name}-tick` }));
      expect(answer.FunctionError).toBeUndefined();
    },

    /** Objects of one kind, without their prefix: those that are there, and those under a delete marker with a version below it. */
    async objects(kind: string): Promise<{ readonly shown: readonly string[]; readonly hidden: readonly string[] }> {
      const Prefix = `${domain}/${kind}/`;
      const shown: string[] = [];
      const marked = new Set<string>();
      const old: string[] = [];
      for await (const { Versions = [], DeleteMarkers = [] } of versions(Prefix)) {
        for (const { Key = "", IsLatest } of Versions) (IsLatest ? shown : old).push(Key.slice(Prefix.length));
        for (const { Key = "", IsLatest } of DeleteMarkers) if (IsLatest) marked.add(Key.slice(Prefix.length));
      }
      return { shown: shown.sort(), hidden: old.filter((key) => marked.has(key)).sort() };
    },

    /** Bytes of the version below a delete marker. */
    async hiddenBytes(kind: string, object: string): Promise<number> {
      const Key = `${domain}/${kind}/${object}`;
      for await (const { Versions = [] } of versions(Key))
        for (const { VersionId } of Versions) {
          const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
          return (await Body?.transformToByteArray())?.length ?? 0;
        }
      return 0;
    },

    /** The clock is everybody's again. */
    end: (): void => rmSync(clock, { force: true }),
  };
  return self;
}
