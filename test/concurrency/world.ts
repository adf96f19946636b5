/** A service in which one thing runs and is held in its middle, so that another can be asked for. */
import { projectKey } from "../../core/app/identity/records.ts";
import { insertAt } from "../../core/app/records/tables.ts";
import { type AppHost, type AppHostOptions, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { PROJECT, serverResource } from "../support/vault-host.ts";

const MINUTE = 60_000;
export const OTHER_PROJECT = "b".repeat(32);
export const RESOURCE_ID = "s1";
export const NEIGHBOUR_ID = "s2";

export interface World {
  readonly host: AppHost;
  /** Where s1 and s2 are, or are on their way to. */
  readonly vault: string;
  /** The other vault: where resources come from, or may go. */
  readonly other: string;
  /** Of s1, in order of time; the last one is the newest. */
  readonly backups: readonly string[];
  /** Of s1, in the trash. */
  readonly trashed: string;
  /** Of s2, where the world was asked for one. */
  readonly neighbourBackup: string;
  readonly policy: string;
  /** What starts from now on stops before this task (absent = before any), until `release`. */
  hold(task?: string): void;
  /** Resolves when something stands there: from then on nothing of it moves. */
  reached(): Promise<void>;
  /** Lets go, and waits until nothing runs any more. */
  release(): Promise<void>;
  /** All that the vaults, their backups and their tasks are, to be compared. */
  changes(): Promise<unknown>;
  close(): void;
}

export interface WorldAsk {
  /** Which one is bound in the other vault at first. */
  readonly away?: typeof RESOURCE_ID | typeof NEIGHBOUR_ID | undefined;
  /** Backups of s1; absent = one. */
  readonly backups?: number;
  /** One of s2. */
  readonly neighbour?: boolean;
  /** One more, which is in the trash. */
  readonly trashed?: boolean;
  /** The vault follows a policy whose next point is some minutes ahead. */
  readonly policy?: boolean;
  readonly options?: AppHostOptions;
}

/** Two server vaults, two servers with empty disks, and as many backups as asked for. */
export async function createWorld(ask: WorldAsk = {}): Promise<World> {
  const host = await createAppHost({ trashMs: 24 * 3600_000, ...ask.options });
  for (const [id, name] of [
    [PROJECT, "here"],
    [OTHER_PROJECT, "elsewhere"],
  ] as const)
    await host.records.write(insertAt({ key: projectKey(id) }, { id, name, domainId: "d" }));
  for (const id of [RESOURCE_ID, NEIGHBOUR_ID]) host.disks.addServerWith(id, [diskOf(BLOCK, {})]);
  const server = { object_type: "server", protect_type: "backup", consistent_level: "crash_consistent", size: 100 };
  const make = async (ids: readonly string[], name: string, more: object = {}): Promise<string> => {
    const resources = ids.map((id) => serverResource(id));
    const { body } = await host.call("POST", "/vaults", { vault: { name, resources, billing: server, ...more } });
    if (body.vault === undefined) throw new Error(JSON.stringify(body));
    return body.vault.id;
  };
  const policy = ask.policy === true ? await makePolicy(host) : "";
  const both = [RESOURCE_ID, NEIGHBOUR_ID];
  const vault = await make(
    both.filter((id) => id !== ask.away),
    "first",
    policy === "" ? {} : { backup_policy_id: policy },
  );
  const other = await make(ask.away === undefined ? [] : [ask.away], "second");
  const backUp = async (id: string): Promise<string> => {
    const { of } = await host.backUp(id === ask.away ? other : vault, { resources: [id] });
    return of[id] ?? "";
  };
  let trashed = "";
  if (ask.trashed === true) {
    trashed = await backUp(RESOURCE_ID);
    await host.drop(trashed);
  }
  const backups: string[] = [];
  for (let n = 0; n < (ask.backups ?? 1); n++) backups.push(await backUp(RESOURCE_ID));
  const neighbourBackup = ask.neighbour === true ? await backUp(NEIGHBOUR_ID) : "";

  let gate: Promise<void> | undefined;
  let open = () => {};
  let arrived: Promise<void> = Promise.resolve();
  return {
    host,
    vault,
    other,
    backups,
    trashed,
    neighbourBackup,
    policy,
    hold(task) {
      gate = new Promise((resolve) => {
        open = resolve;
      });
      arrived = new Promise((arrive) => {
        host.hooks = {
          beforeTask(name) {
            if (task !== undefined && name !== task) return undefined;
            arrive();
            return gate;
          },
        };
      });
    },
    reached: () => arrived,
    async release() {
      open();
      host.hooks = {};
      await host.idle();
    },
    async changes() {
      const shown = ["/vaults", "/backups", "/operation-logs", "/holdfast/trash"].map((path) => host.call("GET", path));
      return (await Promise.all(shown)).map(({ body }) => body);
    },
    close: () => host.close(),
  };
}

/** What has not come to its end, or broke on the way: nothing, when all is well. */
export async function settled({ host }: World): Promise<readonly unknown[]> {
  const { operation_logs } = (await host.call("GET", "/operation-logs?limit=50")).body;
  const { vaults } = (await host.call("GET", "/vaults")).body;
  const resources = vaults.flatMap((vault: { resources: unknown[] }) => vault.resources);
  return [
    ...operation_logs.filter(({ status }: { status: string }) => status === "running" || status === "waiting"),
    ...resources.filter(
      ({ protect_status: status }: { protect_status: string }) => !["available", "error"].includes(status),
    ),
    ...host.lines.filter(
      ({ level, ...line }) => level === "error" || JSON.stringify(line).includes("illegal transition"),
    ),
  ];
}

async function makePolicy(host: AppHost): Promise<string> {
  const at = new Date(host.services.now() + 2 * MINUTE);
  const pattern = [`FREQ=DAILY;INTERVAL=1;BYHOUR=${at.getUTCHours()};BYMINUTE=${at.getUTCMinutes()}`];
  const { body } = await host.call("POST", "/policies", {
    policy: { name: "soon", operation_definition: {}, trigger: { properties: { pattern } } },
  });
  return body.policy.id;
}
