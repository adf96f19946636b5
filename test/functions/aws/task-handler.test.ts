/** How does a task end as a Lambda function: in time, with its answer, or with the name of its error? */
import { describe, expect, test } from "vitest";
import { failureOf } from "../../../core/app/failure.ts";
import { fault } from "../../../core/domain/fault.ts";
import { Interrupted } from "../../../core/ports/data-plane.ts";
import { beforeTheEnd, taskHandler } from "../../../functions/aws/kit/task-handler.ts";
import backupGroup from "../../../workflows/backup-group.asl.json" with { type: "json" };

const leaving = (ms: number) => ({ getRemainingTimeInMillis: () => ms });
const context = (ms = 60_000) => ({ awsRequestId: "r", functionName: "f", ...leaving(ms) });

/** A unit as the engine's are: ends as Interrupted once it is told to stop. */
const unit = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Interrupted("the unit was stopped")));
  });

describe("a function whose time runs out", () => {
  test("stops its unit before the end, and ends as Lambda's own time-outs do", async () => {
    const error = await beforeTheEnd(leaving(40), unit).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "Sandbox.Timedout", cause: { name: "Interrupted" } });
  });

  test("is retried by its workflow under that name", () => {
    const names = JSON.stringify(backupGroup);
    expect(names).toContain('"Sandbox.Timedout"');
  });

  test("does not tell a work that is done of any end", async () => {
    let seen: AbortSignal | undefined;
    await beforeTheEnd(leaving(30), async (signal) => {
      seen = signal;
    });
    // Longer than the function had left.
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(seen?.aborted).toBe(false);
  });

  test("keeps the name of an error that is not about time", async () => {
    const work = async (signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw new RangeError("another reason");
    };
    await expect(beforeTheEnd(leaving(20), work)).rejects.toMatchObject({ name: "RangeError" });
  });
});

describe("an error", () => {
  test("that is a fault is recorded under its own code, through the JSON that Lambda makes of it", async () => {
    const error = await beforeTheEnd(leaving(60_000), async () => fault("7100", "the server is gone")).catch(
      (thrown: unknown) => thrown as Error,
    );
    const { name, message } = error as Error;
    // AWS, "Handling errors in Step Functions workflows": Cause is the function's error as JSON.
    const Cause = JSON.stringify({ errorType: name, errorMessage: message, trace: [] });
    expect(failureOf({ Error: name, Cause })).toEqual({ code: "BackupService.7100", message: "the server is gone" });
  });

  test("of an input that the edge's schema refuses is none of the retried ones", async () => {
    const handler = taskHandler("backup.prepare", {});
    await expect(handler({ checkpointId: 7 }, context())).rejects.toMatchObject({ name: "ZodError" });
  });

  test("of a part that the function is not wired to names the part", async () => {
    const handler = taskHandler("backup.prepare", {});
    await expect(handler({ checkpointId: "c" }, context())).rejects.toMatchObject({
      name: "PartMissing",
      message: 'this function is not wired to "records"',
    });
  });
});
