/** A backup of two members as the crash tests run it, with effects that outlive the process. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSqliteRecordStore } from "../../../adapters/local/sqlite-records.ts";
import { createLocalWorkflows } from "../../../adapters/local/workflows/local-workflows.ts";
import type { JsonObject } from "../../../core/ports/record-store.ts";
import { arn } from "./workflows-lab.ts";

const task = (name: string, rest: JsonObject) => ({ Type: "Task", Resource: arn(name), TimeoutSeconds: 60, ...rest });

const definitions = {
  backup: {
    StartAt: "Prepare",
    States: {
      Prepare: task("backup.prepare", { ResultPath: "$.prepared", Next: "Members" }),
      Members: {
        Type: "Map",
        ItemsPath: "$.members",
        MaxConcurrency: 1,
        ItemSelector: { "id.$": "$$.Map.Item.Value", "prepared.$": "$.prepared.by" },
        ItemProcessor: {
          StartAt: "Member",
          States: {
            Member: {
              Type: "Task",
              Resource: "arn:aws:states:::states:startExecution.sync:2",
              TimeoutSeconds: 60,
              Parameters: {
                StateMachineArn: arn("backup-member"),
                "Name.$": "States.Format('{}-{}', $$.Execution.Name, $.id)",
                "Input.$": "$",
              },
              OutputPath: "$.Output",
              End: true,
            },
          },
        },
        ResultPath: "$.members",
        Next: "Pause",
      },
      Pause: { Type: "Wait", Seconds: 0, Next: "Conclude" },
      Conclude: task("backup.conclude", { End: true }),
    },
  },
  "backup-member": {
    StartAt: "Open",
    States: {
      Open: task("backup-member.open", { ResultPath: "$.opened", Next: "Transfer" }),
      Transfer: task("backup-member.transfer", { ResultPath: "$.transfer", Next: "More" }),
      More: {
        Type: "Choice",
        Choices: [{ Variable: "$.transfer.done", BooleanEquals: false, Next: "Transfer" }],
        Default: "Seal",
      },
      Seal: task("backup-member.seal", { End: true }),
    },
  },
};

/** One effect: which process did what, on what input. */
export interface Effect {
  readonly task: string;
  readonly by: string;
  readonly input: JsonObject;
}

/** The moments at which a process can be told to die; the last three are the runner's hooks. */
export type Moment = (moment: "in-task" | "before" | "effect" | "recorded", task: string) => void;

/** Opens the records of `folder` and runs the scenario there to its end; `by` marks this process's effects. */
export async function runScenario(folder: string, by: string, moment: Moment): Promise<void> {
  const records = createSqliteRecordStore({ path: join(folder, "records"), now: Date.now });
  const effect = (name: string, output: (input: JsonObject) => JsonObject) => async (input: JsonObject) => {
    appendFileSync(join(folder, "effects"), `${JSON.stringify({ task: name, by, input })}\n`);
    moment("in-task", name);
    return { by, ...output(input) };
  };
  const runner = createLocalWorkflows({
    records,
    definitions,
    now: Date.now,
    log: () => undefined,
    handlers: Object.fromEntries(
      ["backup.prepare", "backup.conclude", "backup-member.open", "backup-member.seal"]
        .map((name) => [name, effect(name, ({ id }) => ({ id: id ?? null }))] as const)
        .concat([["backup-member.transfer", effect("backup-member.transfer", nextCursor)]]),
    ),
    hooks: {
      beforeTask: (name) => moment("before", name),
      afterEffect: (name) => moment("effect", name),
      afterRecord: (name) => moment("recorded", name),
    },
  });
  // What a service does: continue what is there, and the client that heard nothing asks again.
  await runner.resume();
  await runner.start("backup", "run", { members: ["a", "b"] });
  await runner.idle();
  appendFileSync(join(folder, "status"), `${await runner.status("backup", "run")}`);
  records.close();
}

/** Two rounds of transfer for each member. */
function nextCursor({ transfer }: JsonObject): JsonObject {
  const cursor = Number((transfer as JsonObject | undefined)?.cursor ?? 0) + 1;
  return { cursor, done: cursor === 2 };
}

/** The effects so far, in order, and the recorded end. */
export function outcomeOf(folder: string): { effects: Effect[]; status: string } {
  const read = (file: string) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "");
  const lines = read("effects").split("\n").filter(Boolean);
  return { effects: lines.map((line) => JSON.parse(line) as Effect), status: read("status") };
}
