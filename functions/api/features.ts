/** What this service can do besides the operations themselves (cbr-api #52, #69, #70). */
import { readDirectory } from "../../core/app/identity/directory.ts";
import type { Services } from "../../core/app/services.ts";
import { badField } from "../../core/domain/fault.ts";
import { integerOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";

/** The account's first project is called like the region: clients look it up so (clients.md §1). */
export async function regionOf({ principal }: ApiRequest, { records }: Pick<Services, "records">): Promise<string> {
  const { projects } = await readDirectory(records);
  return projects.find(({ domainId }) => domainId === principal?.domainId)?.name ?? "";
}

/** Replication is not built: there is one region, and it replicates to none. */
export const showReplicationCapabilities: Handler<Services> = async (request, services) => ({
  status: 200,
  body: { regions: [{ name: await regionOf(request, services), replication_destinations: [] }] },
});

const featuresOf = (region: string): Readonly<Record<string, boolean | string | readonly string[]>> => ({
  "features.backup_double_az": false,
  "features.bccrack_enable": false,
  "replication.destination_dgw_regions": [],
  "replication.destination_regions": [],
  "replication.enable": false,
  "replication.source_region": region,
});

const MOST = 1000;

export const listFeatures: Handler<Services> = async (request, services) => {
  const limit = integerOf(request.query, "limit", 0, MOST) ?? MOST;
  const offset = integerOf(request.query, "offset", 0, MOST) ?? 0;
  const all = Object.entries(featuresOf(await regionOf(request, services)));
  return { status: 200, body: Object.fromEntries(all.slice(offset, offset + limit)) };
};

export const showFeature: Handler<Services> = async (request, services) => {
  const key = request.path.feature_key ?? "";
  const all = featuresOf(await regionOf(request, services));
  if (!Object.hasOwn(all, key)) badField("feature_key", `must be one of ${Object.keys(all).join(", ")}`);
  return { status: 200, body: { [key]: all[key] } };
};
