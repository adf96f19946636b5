/** What clients of the model ask for: each action picks its objects among those that are there, and says what came of it. */
import { DISK_BLOCKS, newDisk, writeBlock } from "./disks.ts";
import type { Model } from "./model.ts";

/** Small numbers that an action makes its choices with. */
export interface Choice {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** `done`: it had an effect. `refused`: the service said no. `idle`: there was nothing to do it with. */
export type Outcome = "done" | "refused" | "idle";

const DISKS = ["d0", "d1", "d2", "d3"];
const SERVERS = ["s0", "s1"];
/** Servers with so many disks that binding them all takes more than one transaction. */
const CROWD = Array.from({ length: 12 }, (_, n) => `s-crowd-${String(n).padStart(2, "0")}`);
const CROWD_DISKS = 7;
/** More resources than that are the crowd. */
const MANY = 6;
const FEW = 6;
const DISK_TYPE = "OS::Cinder::Volume";
const SERVER_TYPE = "OS::Nova::Server";

const PATTERNS: readonly (readonly string[])[] = [
  ["FREQ=DAILY;INTERVAL=1;BYHOUR=12;BYMINUTE=00"],
  ["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30", "FREQ=DAILY;INTERVAL=1;BYHOUR=14;BYMINUTE=00"],
  ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=23;BYMINUTE=59"],
  ["FREQ=WEEKLY;BYDAY=SU;BYHOUR=11;BYMINUTE=15"],
  Array.from({ length: 24 }, (_, hour) => `FREQ=DAILY;INTERVAL=1;BYHOUR=${hour};BYMINUTE=05`),
  ["FREQ=DAILY;INTERVAL=3;BYHOUR=11;BYMINUTE=00"],
];
const RULES: readonly object[] = [
  { max_backups: 1 },
  { max_backups: 2 },
  { retention_duration_days: 1 },
  { retention_duration_days: 3 },
  { max_backups: 1, day_backups: 2, week_backups: 1, timezone: "UTC+05:30" },
  { max_backups: 1, month_backups: 2, timezone: "America/New_York" },
  { full_backup_interval: 2 },
  {},
];

const of = <T>(all: readonly T[], n: number): T | undefined => all[n % Math.max(1, all.length)];
const resourceOf = (id: string) => ({ id, type: id.startsWith("s") ? SERVER_TYPE : DISK_TYPE });
const trigger = (n: number) => ({ properties: { pattern: of(PATTERNS, n) } });

interface Expected {
  /** What is there once it was answered. */
  readonly made?: (body: never) => string;
  readonly goes?: readonly string[];
  readonly returns?: readonly string[];
}

/** Sends it, and remembers what follows from the answer. */
async function ask(
  m: Model,
  method: string,
  path: string,
  body?: unknown,
  { made, goes = [], returns = [] }: Expected = {},
): Promise<Outcome> {
  // From here on it may happen, whatever becomes of the answer.
  const allowed = [...goes.map((id) => m.promises.mayGo(id)), ...returns.map((id) => m.promises.mayReturn(id))];
  const { status, body: answered } = await m.request(method, path, body);
  if (status >= 300) {
    if (!m.world.dead) for (const takeBack of allowed) takeBack();
    return "refused";
  }
  if (made !== undefined) m.promises.made(made(answered as never));
  return "done";
}

type Act = (m: Model, choice: Choice) => Promise<Outcome>;
const IDLE: Promise<Outcome> = Promise.resolve("idle");

const vaultOf = (m: Model, n: number) => of(m.view.vaults, n);
/** A vault with something in it, when there is one. */
const fullVault = (m: Model, n: number) =>
  of(
    m.view.vaults.filter(({ resources }) => resources.length > 0),
    n,
  );
/** The crowd's disks cannot be read: a run over all of them would only be long. */
const isSmall = ({ resources }: Model["view"]["vaults"][number]): boolean => resources.length <= MANY;
const policyOf = (m: Model, n: number) => of(m.view.policies, n);

function newVault(m: Model, { a, b, c }: Choice): object {
  const server = a % 3 === 2;
  const resource = of(server ? SERVERS : DISKS, b);
  const policy = c % 2 === 0 ? policyOf(m, b) : undefined;
  return {
    vault: {
      name: `vault-${a}-${b}`,
      billing: {
        object_type: server ? "server" : "disk",
        protect_type: "backup",
        consistent_level: "crash_consistent",
        size: 100,
      },
      resources: resource === undefined || c % 4 === 3 ? [] : [resourceOf(resource)],
      auto_bind: a % 2 === 1,
      // The crowd has no tags.
      ...(server && { bind_rules: { tags: [{ key: "k", value: "v" }] } }),
      ...(policy !== undefined && m.onTime && { backup_policy_id: policy.id }),
    },
  };
}

const CROWDED = {
  vault: {
    name: "crowded",
    billing: { object_type: "server", protect_type: "backup", consistent_level: "crash_consistent", size: 200 },
    resources: CROWD.map(resourceOf),
  },
};

const vaultMade = ({ vault }: { vault: { id: string } }): string => vault.id;
const policyMade = ({ policy }: { policy: { id: string } }): string => policy.id;

/** Every request of the model by its name. */
export const REQUESTS = {
  "create vault": (m, choice) =>
    m.view.vaults.length >= FEW ? IDLE : ask(m, "POST", "/vaults", newVault(m, choice), { made: vaultMade }),
  "create crowded vault": (m) =>
    m.view.vaults.length >= FEW ? IDLE : ask(m, "POST", "/vaults", CROWDED, { made: vaultMade }),
  "bind a crowd": (m, { a }) => {
    const vault = of(
      m.view.vaults.filter(({ billing }) => billing.object_type === "server"),
      a,
    );
    return vault ? ask(m, "POST", `/vaults/${vault.id}/addresources`, { resources: CROWD.map(resourceOf) }) : IDLE;
  },
  "update vault": (m, { a, b, c }) => {
    const vault = vaultOf(m, a);
    const changes = [
      { name: `renamed-${c}` },
      { billing: { size: 90 + c } },
      { threshold: 10 + c },
      { auto_bind: c % 2 === 0, bind_rules: { tags: [{ key: "k", value: c % 3 === 0 ? "w" : "v" }] } },
      { auto_expand: c % 2 === 0, smn_notify: c % 3 === 0 },
      // Once in a while, for it is for ever.
      c % 4 === 0 ? { locked: true } : { name: "unlocked" },
    ];
    return vault ? ask(m, "PUT", `/vaults/${vault.id}`, { vault: of(changes, b) }) : IDLE;
  },
  "update all vaults": (m, { a }) => ask(m, "PUT", "/vaults/batch-update", { vault: { threshold: 50 + a } }),
  "delete vault": (m, { a }) => {
    const vault = vaultOf(m, a);
    return vault && m.onTime ? ask(m, "DELETE", `/vaults/${vault.id}`, undefined, { goes: [vault.id] }) : IDLE;
  },
  bind: (m, { a, b, c }) => {
    const vault = vaultOf(m, a);
    const resource = of(vault?.billing.object_type === "server" || c === 0 ? SERVERS : DISKS, b);
    if (vault === undefined || resource === undefined) return IDLE;
    const resources = [resourceOf(resource)];
    return ask(m, "POST", `/vaults/${vault.id}/addresources`, { resources }, { made: () => `${vault.id}/${resource}` });
  },
  dissociate: (m, { a, b }) => {
    const vault = fullVault(m, a);
    const resource = of(vault?.resources ?? [], b);
    if (vault === undefined || resource === undefined) return IDLE;
    const goes = [`${vault.id}/${resource.id}`];
    return ask(m, "POST", `/vaults/${vault.id}/removeresources`, { resource_ids: [resource.id] }, { goes });
  },
  "migrate resources": (m, { a, b, c }) => {
    const from = fullVault(m, a);
    const to = of(
      m.view.vaults.filter((v) => v.id !== from?.id && v.billing.object_type === from?.billing.object_type),
      b,
    );
    if (from === undefined || to === undefined) return IDLE;
    const ids = from.resources.map(({ id }) => id);
    const moved = c % 3 === 0 ? ids : [of(ids, c) ?? ""];
    const body = { destination_vault_id: to.id, resource_ids: moved };
    return ask(m, "POST", `/vaults/${from.id}/migrateresources`, body, { goes: moved.map((id) => `${from.id}/${id}`) });
  },
  suspend: (m, { a, b, c }) => {
    const vault = fullVault(m, a);
    const resource = of(vault?.resources ?? [], b);
    const body = { resource_ids: [resource?.id], action: c % 3 === 0 ? "suspend" : "unsuspend" };
    return vault ? ask(m, "PUT", `/vaults/${vault.id}/set-resources`, body) : IDLE;
  },
  "freeze or release": (m, { a }) => {
    const vault =
      of(
        m.view.vaults.filter(({ billing }) => billing.status === "frozen"),
        a,
      ) ?? vaultOf(m, a);
    const word = vault?.billing.status === "frozen" ? "unfreeze" : "freeze";
    return vault ? ask(m, "POST", `/holdfast/vaults/${vault.id}/${word}`, {}) : IDLE;
  },
  tag: (m, { a, b, c }) => {
    const vault = vaultOf(m, a);
    const path = `/vault/${vault?.id}/tags`;
    const key = `key-${b % 3}`;
    if (vault === undefined) return IDLE;
    if (c % 3 === 0) return ask(m, "POST", path, { tag: { key, value: String(c) } });
    if (c % 3 === 1) return ask(m, "DELETE", `${path}/${key}`);
    return ask(m, "POST", `${path}/action`, { action: "create", tags: [{ key, value: "batch" }] });
  },
  "create policy": (m, { a, b, c }) => {
    const policy = {
      name: `policy-${a}`,
      operation_type: "backup",
      enabled: c !== 0,
      operation_definition: of(RULES, b),
      trigger: trigger(a),
    };
    return m.view.policies.length >= 4 ? IDLE : ask(m, "POST", "/policies", { policy }, { made: policyMade });
  },
  "update policy": (m, { a, b, c }) => {
    const policy = policyOf(m, a);
    const changes = [
      { trigger: trigger(c) },
      { enabled: policy?.enabled === false },
      { operation_definition: of(RULES, c) },
      { name: `policy-${c}` },
    ];
    return policy && m.onTime ? ask(m, "PUT", `/policies/${policy.id}`, { policy: of(changes, b) }) : IDLE;
  },
  "delete policy": (m, { a }) => {
    const policy = policyOf(m, a);
    return policy && m.onTime ? ask(m, "DELETE", `/policies/${policy.id}`, undefined, { goes: [policy.id] }) : IDLE;
  },
  "associate policy": (m, { a, b }) => {
    const vault = of(m.view.vaults.filter(isSmall), a);
    const policy = policyOf(m, b);
    const path = `/vaults/${vault?.id}/associatepolicy`;
    return vault && policy && m.onTime ? ask(m, "POST", path, { policy_id: policy.id }) : IDLE;
  },
  "dissociate policy": (m, { a, b }) => {
    const policy = of(
      m.view.policies.filter((p) => p.associated_vaults.length > 0),
      a,
    );
    const vault = of(policy?.associated_vaults ?? [], b);
    const path = `/vaults/${vault?.vault_id}/dissociatepolicy`;
    return policy && m.onTime ? ask(m, "POST", path, { policy_id: policy.id }) : IDLE;
  },
  "back up": (m, { a, b, c }) => {
    const vault = of(
      m.view.vaults.filter((v) => v.resources.length > 0 && isSmall(v)),
      a,
    );
    const parameters = {
      incremental: b % 3 !== 0,
      auto_trigger: c % 2 === 0,
      ...(c % 6 === 5 && { retention_duration_days: 2 }),
    };
    return vault ? ask(m, "POST", "/checkpoints", { checkpoint: { vault_id: vault.id, parameters } }) : IDLE;
  },
  "rename backup": (m, { a, b }) => {
    const backup = of(m.view.backups, a);
    return backup ? ask(m, "PUT", `/backups/${backup.id}`, { backup: { name: `renamed-${b}` } }) : IDLE;
  },
  "delete backup": (m, { a }) => {
    const backup = of(m.view.backups, a);
    return backup ? ask(m, "DELETE", `/backups/${backup.id}`, undefined, { goes: [backup.id] }) : IDLE;
  },
  undelete: (m, { a }) => {
    const trashed = of(m.view.trash, a);
    if (trashed === undefined) return IDLE;
    return ask(m, "POST", `/holdfast/backups/${trashed.id}/undelete`, {}, { returns: [trashed.id] });
  },
  restore: (m, { a, b }) => {
    const backup = of(m.view.backups, a);
    if (backup === undefined) return IDLE;
    const target =
      backup.resource_type === SERVER_TYPE ? { server_id: backup.resource_id } : { volume_id: backup.resource_id };
    return ask(m, "POST", `/backups/${backup.id}/restore`, { restore: { ...target, power_on: b % 2 === 0 } });
  },
  "confirm a held plan": (m, { a }) => {
    const plan = of(m.view.held, a);
    return plan ? ask(m, "POST", `/holdfast/held-plans/${plan.resource_id}/confirm`, {}) : IDLE;
  },
} as const satisfies Readonly<Record<string, Act>>;

/** The owner of a disk writes to it. */
export function guestWrites(m: Model, { a, b, c }: Choice): void {
  const id = of([...DISKS, ...SERVERS.flatMap((s) => [`${s}-d0`, `${s}-d1`])], a) ?? "";
  const bytes = m.world.disks.bytes.get(id);
  if (bytes === undefined) throw new Error(`no disk ${id}`);
  writeBlock(bytes, b % DISK_BLOCKS, c % 7, c > 8 ? c % 8 : undefined);
  m.promises.wrote(id);
}

/** Four disks, two servers of two disks, and a crowd of servers that nobody can read. One of each is tagged (ABD-04). */
export function provide({ disks }: Model["world"]): void {
  for (const id of DISKS) disks.addDiskWith(id, newDisk(), id === "d1" ? { tags: [{ key: "k", value: "v" }] } : {});
  for (const id of SERVERS)
    disks.addServerWith(id, [newDisk(), newDisk(4)], id === "s1" ? { tags: [{ key: "k", value: "v" }] } : {});
  for (const id of CROWD) disks.addServer(id, CROWD_DISKS);
}
