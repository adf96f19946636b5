/** Which service does a command talk to, and as whom? From HOLDFAST_* variables or from DIR/credentials.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CommandFailed } from "./failure.ts";

/** What a client needs: an address and an access key. */
export interface Connection {
  /** `http://host:port`, no path. */
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Absent: the service is asked which project the key belongs to. */
  readonly projectId?: string;
  /** The data folder that the credentials came from; absent when they came from the environment. */
  readonly dataDir?: string;
}

/** Where commands look when neither --data nor HOLDFAST_URL is given; relative to the working directory. */
export const defaultDataDir = "./holdfast-data";

const text = z.string().min(1);
const CredentialsFile = z.object({
  url: z.url({ protocol: /^https?$/ }),
  region: text,
  domain_name: text,
  domain_id: text,
  project_name: text,
  project_id: text,
  user_name: text,
  password: text,
  access_key: text,
  secret_key: text,
});

/** The credentials that the service wrote into its data folder at first start. */
type CredentialsFile = z.infer<typeof CredentialsFile>;

/**
 * Reads DIR/credentials.json; undefined when there is no such file.
 * @throws CommandFailed when it cannot be read or is damaged, naming the field
 */
function readCredentials(dataDir: string): CredentialsFile | undefined {
  const path = join(dataDir, "credentials.json");
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw new CommandFailed(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new CommandFailed(`${path} is damaged: it is not JSON`);
  }
  const parsed = CredentialsFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  const where = field === "" ? "" : `field "${field}": `;
  throw new CommandFailed(`${path} is damaged: ${where}${issue?.message ?? "not what the service writes"}`);
}

/**
 * Finds the service: --data wins, then HOLDFAST_URL, then the default data folder. undefined: no service has ever run
 * on that folder. @throws CommandFailed for damaged credentials and half-set variables
 */
export function findConnection(
  data: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Connection | undefined {
  if (data === undefined && env.HOLDFAST_URL !== undefined && env.HOLDFAST_URL !== "") return fromEnvironment(env);
  const dataDir = data ?? defaultDataDir;
  const found = readCredentials(dataDir);
  if (found === undefined) return undefined;
  return {
    url: new URL(found.url).origin,
    accessKey: found.access_key,
    secretKey: found.secret_key,
    projectId: found.project_id,
    dataDir,
  };
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Connection {
  const needed = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === "") throw new CommandFailed(`HOLDFAST_URL is set, but ${name} is not`);
    return value;
  };
  const url = URL.parse(needed("HOLDFAST_URL"));
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new CommandFailed(`HOLDFAST_URL: "${env.HOLDFAST_URL}" is not an http or https address`);
  const projectId = env.HOLDFAST_PROJECT_ID;
  return {
    url: url.origin,
    accessKey: needed("HOLDFAST_ACCESS_KEY"),
    secretKey: needed("HOLDFAST_SECRET_KEY"),
    ...(projectId === undefined || projectId === "" ? {} : { projectId }),
  };
}
