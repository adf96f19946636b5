/** DIR/credentials.json: how the first user reaches the service. Written whole, mode 0600. */
import { join } from "node:path";
import { replaceFile } from "../adapters/local/files/durable-file.ts";
import type { InitialCredentials } from "../core/app/identity/bootstrap.ts";

export interface Credentials extends InitialCredentials {
  /** Where the service listened at its last start. */
  readonly url: string;
}

/** Rewritten at each start: the port may be another one, and a damaged file is whole again. */
export function writeCredentials(dataDir: string, credentials: Credentials): void {
  replaceFile(join(dataDir, "credentials.json"), `${JSON.stringify(credentials, null, 2)}\n`);
}
