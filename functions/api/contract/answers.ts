/** The pieces that answers of several operations are made of. Strict everywhere: a member that is not promised is a fault. */
import { z } from "zod";

/** UTC, microseconds, no zone (clients.md §3: anything else degrades the Python SDK). */
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
  .meta({ description: "UTC with microseconds and without a zone", examples: ["2030-01-02T03:04:05.678000"] });
export const timeOrNull = time.nullable();

export const id = z.string().min(1).max(64);
export const uuid = id.meta({ format: "uuid" });
/** Fits 32 bits with a sign: clients decode into such (clients.md §3). */
export const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

export const tag = z.strictObject({ key: z.string(), value: z.string() });

/** An object whose members are the provider's. It was JSON before it is checked, so anything in it is. */
export const anyObject = z.record(z.string(), z.unknown());

/** Disks of a server that are left out or taken alone; what was not sent is absent. */
export const extraInfo = z.strictObject({
  exclude_volumes: z.array(id).optional(),
  include_volumes: z.array(z.strictObject({ id, os_version: z.string().optional() })).optional(),
});

/** What a list answers besides its rows (cbr-api 2.6). */
export const page = { count, limit: count, offset: count } as const;

/** The body of every refusal below `/v3/{project_id}` (cbr-api 9.1). */
export const refused = z.strictObject({ error_code: z.string(), error_msg: z.string() }).meta({ id: "Refusal" });
