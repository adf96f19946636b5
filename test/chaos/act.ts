/** What can be asked of a service that is killed meanwhile. */
import type { Answer } from "../support/api-client.ts";

export type ActName =
  | "full backup"
  | "incremental backup"
  | "server backup"
  | "restore"
  | "delete oldest"
  | "delete newest"
  | "create vault"
  | "delete vault"
  | "remove resource";

/** A prepared request. */
export interface Act {
  /** Sends it. @throws when the connection is cut */
  request(): Promise<Answer>;
  /**
   * Says how it ended, once nothing runs any more, and puts the world back in order. `acknowledged`: the service had
   * answered with success, so the work must have been done, or have ended in an error that everybody can see.
   * @throws when a promise is broken
   */
  judge(acknowledged: boolean): Promise<string>;
}
