/** GET protectables: the servers and disks of this host, and whether each could be bound now. */
import { badField, fault } from "../../domain/fault.ts";
import type { FaultCode } from "../../domain/fault-codes.ts";
import type { Resource } from "../../ports/resource-provider.ts";
import type { Claim } from "../records/entities.ts";
import type { Services } from "../services.ts";
import { ClaimJudge } from "../vaults/claims.ts";
import { unfitToBind } from "../vaults/fit-to-bind.ts";
import { loadClaims } from "../vaults/sagas.ts";
import { findVault, type VaultWithBindings } from "../vaults/show-vault.ts";
import type { PageAsk } from "./walk.ts";

export interface ResourceFilter {
  readonly kind: "disk" | "server";
  readonly id?: string | undefined;
  /** Any part of the name (S-5). */
  readonly name?: string | undefined;
  /** In any case: servers say ACTIVE, disks say available (cbr-api 5.14). */
  readonly status?: string | undefined;
  /** Disks of this server. */
  readonly serverId?: string | undefined;
}

export interface Protectable {
  readonly resource: Resource;
  /** Why it cannot be bound now; undefined when it can. */
  readonly refusal: { readonly code: FaultCode; readonly reason: string } | undefined;
  /** The vault that holds it. */
  readonly vault: VaultWithBindings | undefined;
}

const ROWS_AT_ONCE = 100;
const MAX_WALK = 10_000;

/** One page in id order. @throws Fault 9900 (more than 10,000 resources to search) */
export async function listProtectables(
  s: Services,
  projectId: string,
  filter: ResourceFilter,
  ask: PageAsk,
): Promise<Protectable[]> {
  const found: Resource[] = [];
  let skip = ask.offset;
  let walked = 0;
  for await (const resource of candidates(s, filter, ask.marker)) {
    if (++walked > MAX_WALK)
      badField("name", `more than ${MAX_WALK} resources would have to be searched: narrow the filter`);
    if (!matches(resource, filter)) continue;
    if (skip-- > 0) continue;
    found.push(resource);
    if (found.length === ask.limit) break;
  }
  return judged(s, projectId, found);
}

/** @throws Fault 7000, 7100 */
export async function showProtectable(
  s: Services,
  projectId: string,
  kind: "disk" | "server",
  id: string,
): Promise<Protectable> {
  const resource = await s.resources.find(id);
  if (resource?.kind !== kind) return fault(kind === "disk" ? "7000" : "7100", `${kind} ${id} does not exist`);
  const [one] = await judged(s, projectId, [resource]);
  return one ?? { resource, refusal: undefined, vault: undefined };
}

async function* candidates(
  s: Services,
  { kind, id, serverId }: ResourceFilter,
  marker: string | undefined,
): AsyncGenerator<Resource> {
  const named = id ?? serverId;
  if (named !== undefined) {
    const found = await s.resources.find(named);
    const all = id === undefined && found?.kind === "server" ? found.disks : found === undefined ? [] : [found];
    yield* [...all]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .filter((one) => one.kind === kind && one.id > (marker ?? ""));
    return;
  }
  let after = marker;
  for (;;) {
    const page = await s.resources.list(kind, { limit: ROWS_AT_ONCE, ...(after !== undefined && { after }) });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < ROWS_AT_ONCE || after === undefined) return;
  }
}

function matches(resource: Resource, { name, status, serverId }: ResourceFilter): boolean {
  return (
    (name === undefined || resource.name.includes(name)) &&
    (status === undefined || resource.status.toLowerCase() === status.toLowerCase()) &&
    (serverId === undefined || (resource.kind === "disk" && resource.serverId === serverId))
  );
}

async function judged(s: Services, projectId: string, resources: readonly Resource[]): Promise<Protectable[]> {
  const ids = resources.flatMap((r) => [r.id, ...(r.kind === "server" ? r.disks.map((d) => d.id) : [])]);
  const claims = await loadClaims(s.records, projectId, ids);
  const judge = new ClaimJudge(s, projectId);
  const held = new Map<string, Claim>();
  for (const [id, claim] of claims) if ((await judge.judge(claim)) === "bound") held.set(id, claim);
  const rows: Protectable[] = [];
  for (const resource of resources) {
    const claim = held.get(resource.id);
    const vault = claim && (await findVault(s, projectId, claim.vaultId));
    rows.push({ resource, vault, refusal: refusalOf(resource, held) });
  }
  return rows;
}

/** The refusal that binding it would get, before the vault's own rules (VLT-20, VLT-23, CON-04). */
function refusalOf(resource: Resource, held: ReadonlyMap<string, Claim>): Protectable["refusal"] {
  const own = held.get(resource.id);
  if (own?.via === resource.id) return { code: "6103", reason: `it is in vault ${own.vaultId}` };
  if (own !== undefined) return { code: "6137", reason: `it is protected with ${own.via} in vault ${own.vaultId}` };
  const disk = resource.kind === "server" ? resource.disks.find((d) => held.has(d.id)) : undefined;
  if (disk !== undefined)
    return { code: "6137", reason: `its disk ${disk.id} is in vault ${held.get(disk.id)?.vaultId}` };
  return unfitToBind(resource);
}
