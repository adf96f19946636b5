/** A service that replayed requests are sent to: any client's dialect, the bodies as written down (clients.md §2 to §4). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Credentials } from "../../local/credentials.ts";
import { type LiveService, startLiveService } from "../support/live-service.ts";
import { type ClientName, sendAs, type Told } from "./dialects.ts";

export const DISK = "OS::Cinder::Volume";
/** What every client accepts and PySDK makes a time of: UTC, microseconds, no zone. */
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/;

export interface ReplayedWorld {
  readonly live: LiveService;
  readonly account: Credentials;
  /** One request of a client; the path starts after the project. */
  ask(client: ClientName, method: string, path: string, body?: object): Promise<Told>;
  /** The same with a path from the root; `{p}` is the project. */
  askRoot(client: ClientName, method: string, target: string, body?: object): Promise<Told>;
  /** A vault as TF-HW makes it. @returns its view */
  vault(name: string): Promise<Told["body"]>;
  /** A vault with one backup of one disk. */
  backedUp(name: string): Promise<{ readonly vault: string; readonly disk: string; readonly backup: Told["body"] }>;
  /** A request as it is, unsigned. */
  plain(method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Told>;
}

/** TF-HW's body: no charging mode, no cloud type, no tags; these follow in calls of their own. */
export const terraformVault = (name: string): object => ({
  vault: {
    auto_bind: false,
    auto_expand: false,
    billing: {
      consistent_level: "crash_consistent",
      is_multi_az: false,
      object_type: "disk",
      protect_type: "backup",
      size: 50,
    },
    locked: false,
    name,
    resources: [],
  },
});

/** Starts it; close `live`. */
export async function replayedWorld(): Promise<ReplayedWorld> {
  const live = await startLiveService();
  const account = JSON.parse(readFileSync(join(live.folder, "data", "credentials.json"), "utf8")) as Credentials;
  const ask: ReplayedWorld["ask"] = (client, method, path, body) =>
    sendAs(client, account, method, `/v3/{p}${path}`, body);
  const vault: ReplayedWorld["vault"] = async (name) =>
    (await ask("TF-HW", "POST", "/vaults", terraformVault(name))).body.vault;
  return {
    live,
    account,
    ask,
    askRoot: (client, method, target, body) => sendAs(client, account, method, target, body),
    vault,
    async backedUp(name) {
      const { id } = await vault(name);
      const disk = await live.disk(1024 * 1024, { 0: name });
      await ask("TF-HW", "POST", `/vaults/${id}/addresources`, { resources: [{ id: disk.id, type: DISK }] });
      const backup = (await live.backUp(id))[disk.id];
      return { vault: id, disk: disk.id, backup };
    },
    async plain(method, path, body, headers = {}) {
      const answer = await fetch(`${account.url}${path}`, {
        method,
        headers: { ...(body && { "content-type": "application/json" }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
}
