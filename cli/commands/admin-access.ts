/** How do the operator's commands reach a deployment on AWS? */
import type { Command } from "commander";
import { CommandFailed } from "../failure.ts";

/** Options of every command that speaks to AWS. */
export interface AccessOptions {
  readonly region?: string;
  readonly profile?: string;
}

/** The options as the adapters take them: what was not given is absent. */
export const accessOf = ({ region, profile }: AccessOptions): AccessOptions => ({
  ...(region !== undefined && { region }),
  ...(profile !== undefined && { profile }),
});

/** Adds these options to a command. */
export const withAccess = (command: Command): Command =>
  command
    .option("--region <region>", "AWS region (default: AWS_REGION, or the profile's)")
    .option("--profile <name>", "profile of the AWS configuration files (default: AWS_PROFILE)");

/** What AWS or the administration refused is told in one line; anything else is a surprise. */
export async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && (error.name === "OperatorRefused" || error.name === "AdminRefused"))
      throw new CommandFailed(error.message);
    throw error;
  }
}
