/** How do child executions run? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../core/ports/record-store.ts";
import { arn, openLab, task, type WorkflowLab } from "./workflows-lab.ts";

let lab: WorkflowLab;
beforeEach(() => {
  lab = openLab();
});
afterEach(() => lab.dispose());

describe("child executions", () => {
  const parent = {
    StartAt: "Each",
    States: {
      Each: {
        Type: "Map",
        ItemsPath: "$.members",
        MaxConcurrency: 2,
        ItemProcessor: {
          StartAt: "Child",
          States: {
            Child: {
              Type: "Task",
              Resource: "arn:aws:states:::states:startExecution.sync:2",
              TimeoutSeconds: 60,
              Parameters: {
                StateMachineArn: arn("backup-member"),
                "Name.$": "States.Format('{}-{}', $$.Execution.Name, $.id)",
                Input: { "id.$": "$.id" },
              },
              ResultSelector: { "output.$": "$.Output", "status.$": "$.Status" },
              Catch: [{ ErrorEquals: ["States.TaskFailed"], ResultPath: "$.error", Next: "Failed" }],
              End: true,
            },
            Failed: { Type: "Pass", Parameters: { "error.$": "$.error.Error" }, End: true },
          },
        },
        Next: "Done",
      },
      Done: task("done", { End: true }),
    },
  };
  const member = {
    StartAt: "M",
    States: { M: { Type: "Task", Resource: arn("backup-member.m"), TimeoutSeconds: 60, End: true } },
  };

  it("run under their own name, give their output, and fail as States.TaskFailed", async () => {
    const inputs: JsonObject[] = [];
    const runner = lab.build({
      definitions: { backup: parent, "backup-member": member },
      handlers: {
        "backup-member.m": async ({ id }, { executionName, workflow }) => {
          if (id === "b") throw new RangeError("no");
          return { id, executionName, workflow };
        },
        "backup.done": async (input) => {
          inputs.push(input);
          return {};
        },
      },
    });
    await runner.start("backup", "p", { members: [{ id: "a" }, { id: "b" }] });
    await runner.idle();
    expect(inputs).toEqual([
      [
        { output: { id: "a", executionName: "p-a", workflow: "backup-member" }, status: "SUCCEEDED" },
        { error: "States.TaskFailed" },
      ],
    ]);
    expect(await runner.status("backup-member", "p-a")).toBe("succeeded");
    expect(await runner.status("backup-member", "p-b")).toBe("failed");
    expect(await runner.status("backup", "p")).toBe("succeeded");
  });

  it("that ended before give their recorded end and are not run again", async () => {
    let runs = 0;
    const outputs: JsonObject[] = [];
    const runner = lab.build({
      definitions: { backup: parent, "backup-member": member },
      handlers: {
        "backup-member.m": async () => ({ run: ++runs }),
        "backup.done": async (input) => {
          outputs.push(input);
          return {};
        },
      },
    });
    await runner.start("backup-member", "p-a", {});
    await runner.idle();
    await runner.start("backup", "p", { members: [{ id: "a" }] });
    await runner.idle();
    expect(runs).toBe(1);
    expect(outputs).toEqual([[{ output: { run: 1 }, status: "SUCCEEDED" }]]);
  });
});
