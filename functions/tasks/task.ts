/** What a task of a workflow is: a use case behind the schema of the edge that leads to it. */
import type { z } from "zod";
import type { Services } from "../../core/app/services.ts";
import type { JsonObject } from "../../core/ports/record-store.ts";

/** A task as a host runs it. Its input comes from a state machine, hence from outside, and is parsed. */
export type TaskFunction = (services: Services, input: unknown, signal?: AbortSignal) => Promise<JsonObject>;

/** Puts a use case behind its schema; what returns nothing answers `{}`: state carries ids and counts only. */
export const task =
  <Input>(
    schema: z.ZodType<Input>,
    run: (services: Services, input: Input, signal?: AbortSignal) => Promise<JsonObject> | Promise<void>,
  ): TaskFunction =>
  async (services, input, signal) =>
    (await run(services, schema.parse(input), signal)) ?? {};
