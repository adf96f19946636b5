/** Query parameters that several lists have (cbr-api 2.6). */
import { z } from "zod";

export const paging = {
  limit: z.int().min(1).max(1000).default(1000),
  offset: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
  marker: z.string().meta({ description: "id of the last row of the page before" }),
} as const;

/** Repeated (`id=a&id=b`) and comma-joined (`id=a,b`) alike. */
export const texts = z.array(z.string());
export const text = z.string();
export const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  .meta({ examples: ["2030-01-02T03:04:05Z"] });
