/** The contract of tasks and of what could be protected (cbr-api 7.6, 7.7). */
import { z } from "zod";
import { page } from "./answers.ts";
import { instant, paging, text, texts } from "./parameters.ts";
import { operationLog, protectable } from "./task-answers.ts";

export const taskOperations = {
  ListOpLogs: {
    summary: "Lists tasks, the newest first",
    query: {
      ...paging,
      id: texts,
      operation_type: text,
      status: text,
      provider_id: text,
      vault_id: text,
      vault_name: text,
      resource_id: text,
      resource_name: text,
      enterprise_project_id: text,
      start_time: instant,
      end_time: instant,
    },
    answers: { 200: z.strictObject({ operation_logs: z.array(operationLog), ...page }) },
  },
  ShowOpLog: { summary: "Shows a task", answers: { 200: z.strictObject({ operation_log: operationLog }) } },
  ListProtectable: {
    summary: "Lists resources and whether each can be protected",
    query: {
      limit: z.int().min(1).max(50).default(50),
      offset: paging.offset,
      marker: paging.marker,
      id: text,
      name: text,
      status: text,
      server_id: text,
    },
    answers: { 200: z.strictObject({ instances: z.array(protectable) }) },
  },
  ShowProtectable: {
    summary: "Shows a resource and whether it can be protected",
    answers: { 200: z.strictObject({ instance: protectable }) },
  },
} as const;
