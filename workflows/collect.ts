/** The edges of collect: what each of its tasks is given. */
import { z } from "zod";
import { caught, fence, id } from "./edges.ts";

/** Of the execution. */
const name = z.string().min(1).max(80);
const round = z.number().int().min(0);

export const plan = z.object({ domainId: id, name });
export const trash = z.object({ domainId: id, name, fence, cursor: z.string(), round });
export const move = z.object({ domainId: id, name, fence, round });
export const finish = z.object({ domainId: id, name, fence });
export const fail = z.object({ domainId: id, name, error: caught });
