/** Bodies of the retention operations of ours. */
import { z } from "zod";
import { checkDefinition, type OperationDefinition } from "../../../core/domain/policy.ts";

const number = z.number().int().nullish();

/** POST holdfast/policies/{id}/preview: the rule to try, as a policy would be given it. @throws Fault 9900 as a policy's would */
export const previewBody = z
  .object({
    operation_definition: z.object({
      max_backups: number,
      retention_duration_days: number,
      day_backups: number,
      week_backups: number,
      month_backups: number,
      year_backups: number,
      timezone: z.string().nullish(),
    }),
  })
  .transform(({ operation_definition: d }): OperationDefinition => {
    const definition: OperationDefinition = {
      maxBackups: d.max_backups ?? undefined,
      retentionDurationDays: d.retention_duration_days ?? undefined,
      dayBackups: d.day_backups ?? undefined,
      weekBackups: d.week_backups ?? undefined,
      monthBackups: d.month_backups ?? undefined,
      yearBackups: d.year_backups ?? undefined,
      timezone: d.timezone ?? undefined,
    };
    checkDefinition("backup", definition);
    return definition;
  });
