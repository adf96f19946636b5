/** At the start of an automatic run: binds what no vault protects yet and this one takes by itself (ABD-01..11). */
import { associate, type Candidate } from "../../domain/association.ts";
import { Fault } from "../../domain/fault.ts";
import { DISK, type ObjectType, SERVER } from "../../domain/resource-types.ts";
import { wholeGb } from "../../domain/values.ts";
import type { Resource } from "../../ports/resource-provider.ts";
import { asVault, byItself } from "../audit/by-itself.ts";
import { beginTrace, endTrace } from "../audit/record-trace.ts";
import type { Vault } from "../records/entities.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";
import { addResources } from "./add-resources.ts";
import { ClaimJudge } from "./claims.ts";
import { unfitToBind } from "./fit-to-bind.ts";
import { associatingVault, rivalsOf } from "./rivals.ts";
import { loadClaims } from "./sagas.ts";
import type { VaultWithBindings } from "./show-vault.ts";

/** What came of one look. */
export interface Associated {
  /** Resources that the vault holds now. */
  readonly bound: readonly string[];
  /** Resources that some vault would take, had one room: the run reports 6142 (ABD-07). */
  readonly unplaced: readonly string[];
}

const ROWS_AT_ONCE = 100;
/** Kinds of resources that a host lists, by what the vault protects. */
const KINDS: Partial<Record<ObjectType, "disk" | "server">> = { server: "server", disk: "disk" };

/**
 * Does nothing for a vault that does not bind by itself. What others claim meanwhile, or what turns out not to be bindable, is
 * left out and logged. Repeated after a crash it goes on where it was: what is bound is no candidate any more. Only the vault's
 * own policy lets it take anything, so it is called when that fires, and the vault is the next one (ABD-06).
 */
export async function associateResources(s: Services, found: VaultWithBindings): Promise<Associated> {
  const { vault } = found;
  if (!vault.autoBind || vault.status !== "available") return { bound: [], unplaced: [] };
  const own = associatingVault(found, s.now());
  const candidates = await unprotected(s, vault.projectId, own.objectType);
  const { taken, unplaced: left } = associate(candidates.map(candidateOf), [own]);
  const wanted = new Set(taken.get(vault.id));
  const bound = await bind(
    s,
    found,
    candidates.filter(({ id }) => wanted.has(id)),
  );
  const unplaced = await withoutVault(
    s,
    vault,
    candidates.filter(({ id }) => left.includes(id)),
  );
  if (bound.length + unplaced.length > 0)
    await tellOfVault(s, vault.id, {
      severity: unplaced.length > 0 ? "warning" : "info",
      topic: "vault.associated",
      projectId: vault.projectId,
      message: `vault ${vault.name} took ${bound.length} resources by itself; ${unplaced.length} found no vault with room`,
      facts: { vault_id: vault.id, bound: bound.length, unplaced: unplaced.length },
    });
  return { bound, unplaced };
}

/** What does not fit here waits for the next vault that has room for it; the others have none to wait for. */
async function withoutVault(s: Services, vault: Vault, resources: readonly Resource[]): Promise<readonly string[]> {
  if (resources.length === 0) return [];
  const { taken } = associate(resources.map(candidateOf), await rivalsOf(s, vault));
  const placed = new Set([...taken.values()].flat());
  return resources.map(({ id }) => id).filter((id) => !placed.has(id));
}

const typeOf = ({ kind }: Resource): string => (kind === "server" ? SERVER : DISK);

function candidateOf(resource: Resource): Candidate {
  const bytes = resource.kind === "disk" ? resource.size : resource.disks.reduce((sum, { size }) => sum + size, 0);
  return { id: resource.id, type: typeOf(resource), size: wholeGb(bytes), tags: resource.tags ?? [] };
}

/** ABD-03: in no vault, neither themselves nor through a disk or a server, and in a state that can be bound; in id order. */
async function unprotected(s: Services, projectId: string, objectType: ObjectType): Promise<readonly Resource[]> {
  const kind = KINDS[objectType];
  if (kind === undefined) return [];
  const judge = new ClaimJudge(s, projectId);
  const free: Resource[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await s.resources.list(kind, { limit: ROWS_AT_ONCE, ...(after !== undefined && { after }) });
    const claims = await loadClaims(s.records, projectId, page.flatMap(reached));
    for (const resource of page) {
      const holdings = reached(resource).map((id) => claims.get(id));
      const judged = await Promise.all(holdings.map(async (claim) => claim && (await judge.judge(claim))));
      if (unfitToBind(resource) === undefined && judged.every((holding) => holding === undefined || holding === "free"))
        free.push(resource);
    }
    after = page.at(-1)?.id;
    if (page.length < ROWS_AT_ONCE || after === undefined) return free;
  }
}

const reached = (resource: Resource): string[] => [
  resource.id,
  ...(resource.kind === "server" ? resource.disks.map(({ id }) => id) : []),
];

/** All at once; when one of them is refused, one by one, so that it does not keep the others out. */
async function bind(
  s: Services,
  { vault }: VaultWithBindings,
  resources: readonly Resource[],
): Promise<readonly string[]> {
  if (resources.length === 0) return [];
  const caller = { projectId: vault.projectId, userId: vault.userId, requestId: `req-${s.newId()}` };
  const asks = resources.map((resource) => ({ id: resource.id, type: typeOf(resource), extraInfo: {} }));
  // As of a request: whoever dies in between leaves a trace that says it is unknown.
  const trace = await beginTrace(s, byItself("addResources", asVault(vault), caller));
  try {
    const ids = await addResources(s, caller, vault.id, asks);
    await endTrace(s, trace, { outcome: "success" });
    return ids;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    await endTrace(s, trace, { outcome: "refused", code: `BackupService.${error.code}` });
    if (asks.length === 1) {
      const ids = asks.map(({ id }) => id);
      s.log({ level: "warn", text: "a resource was not bound by itself", vault: vault.id, ids, error: error.message });
      return [];
    }
  }
  const bound: string[] = [];
  for (const resource of resources) bound.push(...(await bind(s, { vault, bindings: [] }, [resource])));
  return bound;
}
