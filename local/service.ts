/** The one-machine host: wires ports to adapters, resumes what was running, listens, ticks, and stops in good order. */

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { createImageTargets } from "../adapters/local/images/restore-targets.ts";
import { createLogNotifier } from "../adapters/local/log-notifier.ts";
import { createPrometheusMetrics } from "../adapters/local/prometheus-metrics.ts";
import { loadDefinitions } from "../adapters/local/workflows/load.ts";
import {
  createLocalWorkflows,
  type LocalWorkflows,
  type LocalWorkflowsOptions,
} from "../adapters/local/workflows/local-workflows.ts";
import { administer } from "../core/app/identity/admin/administer.ts";
import { recoveryNotice } from "../core/app/identity/admin/recovery.ts";
import { authenticator } from "../core/app/identity/authenticate.ts";
import { bootstrapIdentity } from "../core/app/identity/bootstrap.ts";
import { createKeyring } from "../core/app/repository/keyring.ts";
import type { Services } from "../core/app/services.ts";
import { tell } from "../core/app/tell.ts";
import { RECORDS_VERSION } from "../core/app/upgrade/version.ts";
import { PROFILES, type ProfileName } from "../core/domain/profile.ts";
import type { ResourceInventory } from "../core/ports/resource-inventory.ts";
import type { Administration } from "../functions/api/administration.ts";
import { createApi } from "../functions/api/kit/create-api.ts";
import { routes } from "../functions/api/routes.ts";
import { TASKS } from "../functions/tasks/tasks.ts";
import { ACCOUNT } from "./account.ts";
import { newId, now, randomOf } from "./chance.ts";
import { type Credentials, writeCredentials } from "./credentials.ts";
import { createWorkerDataPlane, localIo } from "./data-plane/pool.ts";
import { type HostFolder, openHostFolder } from "./host-folder.ts";
import { createHttpServer } from "./http-server.ts";
import { startAtZero, withMetricsPage } from "./metrics-page.ts";
import { recoveryCodes } from "./store/secret.ts";
import { startTicking } from "./ticking.ts";

/** More threads than this would pass the memory that the service promises to stay within (300 MiB). */
const MOST_WORKERS = 2;
/** zstd level 1: the CPU is the limit here, not the link (docs/format.md, "Frames"). */
const LEVEL = 1;
/** A unit stops at the first leaf after this: what a crash throws away, and how old a heartbeat gets. */
const UNIT_BUDGET_MS = 20_000;
/** A unit works with all threads, so groups would only wait for each other; one goes on from unit to unit. */
const MOST_GROUPS = 1;
/** Runs that are under way together: enough that one captures and one seals while another's blocks are written. */
const BACKUPS_AT_ONCE = 8;
/** Requests that are being answered when the service is told to stop get this long. */
const HTTP_GRACE_MS = 1_000;

type Log = Services["log"];

export interface Service {
  readonly url: string;
  readonly credentials: Credentials;
  /** Finishes or parks running work within `graceMs`; parked work goes on at the next start. Twice is once. */
  stop(graceMs: number): Promise<void>;
}

export interface ServiceOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly host: string;
  readonly log: Log;
  /** Default: huawei. */
  readonly profile?: ProfileName;
  /** For crash tests: called around every task of every workflow. */
  readonly hooks?: LocalWorkflowsOptions["hooks"];
}

/**
 * Starts the service on a data folder; resolves when it answers requests and has taken up what was running.
 * @throws an Error of one line: folder refused, port in use, key missing …
 */
export async function startService({ dataDir, ...options }: ServiceOptions): Promise<Service> {
  const opened = await openHostFolder(dataDir, { create: true });
  try {
    if (opened.folder.moved)
      options.log({
        level: "warn",
        text: "the data folder stands elsewhere than before: if it is a copy, use only one of them",
      });
    if (opened.broughtUpFrom !== undefined)
      options.log({
        level: "info",
        text: `the data folder was brought up from version ${opened.broughtUpFrom} to version ${RECORDS_VERSION}`,
        from: opened.broughtUpFrom,
        to: RECORDS_VERSION,
      });
    return await run(opened, options);
  } catch (error) {
    opened.close();
    throw error;
  }
}

async function run(opened: HostFolder, options: Omit<ServiceOptions, "dataDir">): Promise<Service> {
  const { port, host, log, hooks, profile = "huawei" } = options;
  const { records, objects, keys } = opened;
  const firstAccount = () => bootstrapIdentity({ records, keys, newId, randomBytes: randomOf, ...ACCOUNT });
  const account = await firstAccount();
  const workers = Math.max(1, Math.min(MOST_WORKERS, availableParallelism()));
  const dataPlane = createWorkerDataPlane({
    workers,
    objects,
    blocks: opened.blocks,
    io: { ...localIo(opened.objectFolder), background: true },
  });
  const metrics = createPrometheusMetrics();
  startAtZero(metrics);
  const keyring = createKeyring({ objects, keys, randomBytes: randomOf });
  const services: Services & { readonly inventory: ResourceInventory; readonly administration: Administration } = {
    records,
    objects,
    keys,
    keyring,
    resources: opened.resources,
    targets: createImageTargets(),
    inventory: opened.inventory,
    async administration(order) {
      const result = await administer(
        { records, keys, now, newId, randomBytes: randomOf, addRecoveryCode: recoveryCodes(objects, keyring) },
        order,
      );
      log({ level: "info", text: "accounts: order carried out", action: order.action });
      if (order.action === "recovery-create") await tell(services, recoveryNotice(result));
      // The first user's password or key may be another one now; who reads the file must not be locked out.
      if (order.action === "user-password" || order.action === "key-revoke")
        writeCredentials(opened.folder.path, { url: server.url, ...(await firstAccount()) });
      return result;
    },
    // Tasks need the services and the runner needs the tasks: the tasks look here when they run.
    get workflows(): LocalWorkflows {
      return workflows;
    },
    dataPlane,
    notifier: createLogNotifier((line) => log({ level: "info", text: "notice", notice: JSON.parse(line) as unknown })),
    metrics,
    now,
    newId,
    randomBytes: randomOf,
    log,
    tuning: { level: LEVEL, unitBudgetMs: UNIT_BUDGET_MS, mostGroups: MOST_GROUPS },
  };
  const workflows: LocalWorkflows = createLocalWorkflows({
    records,
    definitions: await loadDefinitions(fileURLToPath(new URL("../workflows", import.meta.url))),
    handlers: Object.fromEntries(
      Object.entries(TASKS).map(([name, task]) => [name, (input, { signal }) => task(services, input, signal)]),
    ),
    drivenAtOnce: { backup: BACKUPS_AT_ONCE },
    // One each: a unit works with all threads that are free, and one that waited for a thread would use up its time-out.
    concurrency: { "backup-group.transfer": 1, "restore-group.write": 1, "compare-group.compare": 1 },
    now,
    log,
    ...(hooks !== undefined && { hooks }),
  });

  const api = createApi({
    services,
    routes,
    authenticate: authenticator({ records, keys, now }),
    newId,
    log,
    scheme: "http",
    profile: PROFILES[profile],
  });
  const handle = withMetricsPage(api, metrics.text);
  const openedAt = now();
  const server = await createHttpServer({ handle, host, port, newId, log });
  const credentials: Credentials = { url: server.url, ...account };
  writeCredentials(opened.folder.path, credentials);
  const resumed = await workflows.resume();
  if (resumed > 0) log({ level: "info", text: "resumed unfinished work", executions: resumed });
  const ticking = startTicking(services, openedAt, () => opened.table.sweep());

  let stopping: Promise<void> | undefined;
  const stop = async (graceMs: number): Promise<void> => {
    await ticking.stop();
    await server.close(Math.min(HTTP_GRACE_MS, graceMs));
    await workflows.park(Math.max(0, graceMs - HTTP_GRACE_MS));
    await dataPlane.close();
    opened.close();
  };
  return {
    url: server.url,
    credentials,
    stop: (graceMs) => {
      stopping ??= stop(graceMs);
      return stopping;
    },
  };
}
