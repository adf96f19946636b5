/** The edges of backup.asl.json: what each of its tasks is given. */
import { z } from "zod";
import { caught, id } from "./edges.ts";

export const prepare = z.object({ checkpointId: id });
export const conclude = z.object({ checkpointId: id, error: caught.optional() });
