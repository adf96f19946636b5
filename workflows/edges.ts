/** What the fields on the edges of the state machines look like: shared by the schemas of every workflow. */
import { z } from "zod";

export const id = z.string().min(1).max(64);
export const fence = z.number().int().min(1);
/** Capture attempt, 0-based. */
export const attempt = z.number().int().min(0);
/** Number of a group in the plan. */
export const group = z.number().int().min(0);
/** First leaf still to do; -1 = the group's first. */
export const cursor = z.number().int().min(-1);
/** What a Catch leaves under `$.error`. */
export const caught = z.object({ Error: z.string().optional(), Cause: z.string().optional() });
