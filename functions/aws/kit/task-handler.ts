/** How does a task of a workflow run as a Lambda function, and how does it end when its time does? */
import { TASKS, type TaskName } from "../../tasks/tasks.ts";
import { type Parts, servicesOf } from "../services.ts";
import { type LambdaContext, type LambdaHandler, lambda } from "./lambda.ts";

/** Milliseconds before the function's end at which its unit is told to stop: a unit stops well within a second of work. */
const STOP_BEFORE_MS = 10_000;

/**
 * The function's time is up. The name is the one that Lambda itself reports when it ends a function (and the workflows
 * retry), so that a unit that stopped in good order and one that was cut look the same to them.
 */
class OutOfTime extends Error {
  override readonly name = "Sandbox.Timedout";
}

/**
 * A Lambda function for one task. What it throws keeps its name: Lambda makes it the `errorType`, which Retry and Catch
 * match (AWS, "Handling errors in Step Functions workflows").
 */
export function taskHandler(name: TaskName, parts: Parts): LambdaHandler {
  const task = TASKS[name];
  return lambda((host) => {
    const services = servicesOf(host, parts);
    return (event, context) => beforeTheEnd(context, (signal) => task(services, event, signal));
  });
}

/** Runs the work with a signal that fires shortly before the function's end. @throws OutOfTime when the work stopped for it */
export async function beforeTheEnd<T>(
  context: Pick<LambdaContext, "getRemainingTimeInMillis">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const left = context.getRemainingTimeInMillis();
  // A function with less time than that stops its work at half of it.
  const timer = setTimeout(() => controller.abort(), Math.max(left - STOP_BEFORE_MS, left / 2));
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted && isInterrupted(error))
      throw new OutOfTime("the function's time was up before the unit was done", { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const isInterrupted = (error: unknown): boolean =>
  error instanceof Error && (error.name === "Interrupted" || error.name === "AbortError");
