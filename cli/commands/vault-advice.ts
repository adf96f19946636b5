/** `holdfast vault advise`: how large a vault should be. Asks no service. */
import type { Command } from "commander";
import { advisedSize } from "../../core/domain/sizing.ts";
import { number } from "../arguments.ts";
import { action, example } from "../context.ts";
import { UsageError } from "../failure.ts";

interface AdviceOptions {
  readonly disk: number;
  readonly days?: number;
  readonly daily?: number;
}

const MOST_GB = 100_000_000;
const MOST_DAYS = 36_500;

/** Adds `vault advise`. */
export function addVaultAdviceCommand(group: Command): void {
  group
    .command("advise")
    .description("say how large a vault should be: twice the disks, or by what changes while backups are kept")
    .requiredOption("--disk <gb>", "size of all disks in it, in GB", number(0, MOST_GB))
    .option("--days <n>", "how long backups are kept", number(0, MOST_DAYS))
    .option("--daily <gb>", "how much of the disks changes in a day, in GB", number(0, MOST_GB))
    .addHelpText("after", example("holdfast vault advise --disk 800 --days 30 --daily 10"))
    .action(
      action<AdviceOptions, []>(async (context, { disk, days, daily }) => {
        if ((days === undefined) !== (daily === undefined)) throw new UsageError("give --days and --daily together");
        const kept = days === undefined || daily === undefined ? undefined : { days, dailyGb: daily };
        const size = advisedSize({ diskGb: disk, kept });
        context.print({ size }, `${size} GB`);
      }),
    );
}
