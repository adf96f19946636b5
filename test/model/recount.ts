/** Is what the records say of each other true? Counted from all rows, and from what was really on the disks. */
import { type Contents, differenceOf } from "./disks.ts";
import type { Row, Rows } from "./rows.ts";

type Must = (holds: boolean, otherwise: string) => void;

interface Facts {
  readonly rows: Rows;
  /** By backup and disk. */
  readonly captured: ReadonlyMap<string, Contents>;
  /** Names of objects. */
  readonly objects: ReadonlySet<string>;
  /** Nothing runs, and no task is held back: whatever is in between is so for ever. */
  readonly settled: boolean;
}

/** Problems in words. */
export function recount(facts: Facts): string[] {
  const problems: string[] = [];
  const must: Must = (holds, otherwise) => {
    if (!holds) problems.push(otherwise);
  };
  checkClaims(facts.rows, must);
  checkBindings(facts.rows, must);
  checkChains(facts, must);
  checkRoots(facts, must);
  checkPolicies(facts.rows, must);
  if (facts.settled) checkSettled(facts.rows, must);
  return problems;
}

const place = ({ pk, sk }: Row): string => `${pk} ${sk}`;

/** Ids that a binding holds: its resource's and its disks'. */
const idsOf = ({ body }: Row): string[] => [...new Set([body.resourceId, ...body.claimedDisks])];

/** CON-04: every id is claimed once, by the binding that holds it; no claim is without an owner. */
function checkClaims(rows: Rows, must: Must): void {
  const vaults = new Set(rows.vaults.map(({ body }) => body.id));
  const sagas = new Set(rows.sagas.map(({ body }) => body.id));
  const holders = new Map<string, string>();
  for (const binding of rows.bindings) {
    // Rows of a creation that is not committed: its saga tells, and whoever wants the resources undoes it.
    if (!vaults.has(binding.body.vaultId)) {
      const pending = rows.claims.some(
        ({ body }) =>
          body.vaultId === binding.body.vaultId && body.via === binding.body.resourceId && sagas.has(body.saga),
      );
      must(pending, `binding ${place(binding)} has no vault and no saga`);
      continue;
    }
    for (const id of idsOf(binding)) {
      must(!holders.has(id), `${id} is bound twice: ${holders.get(id)} and ${place(binding)}`);
      holders.set(id, place(binding));
    }
  }
  const claims = new Map(rows.claims.map((row) => [row.pk.split("#")[2] ?? "", row.body]));
  for (const [id, holder] of holders) {
    const claim = claims.get(id);
    must(claim !== undefined, `${id} is bound by ${holder} without a claim`);
    if (claim !== undefined)
      must(`V#${claim.vaultId} R#${claim.via}` === holder, `${id} is claimed by ${claim.vaultId}, bound by ${holder}`);
  }
  const waiting = new Set(rows.staged.map(({ body }) => `${body.binding.vaultId} ${body.binding.resourceId}`));
  for (const [id, claim] of claims)
    must(
      holders.has(id) || sagas.has(claim.saga) || waiting.has(`${claim.vaultId} ${claim.via}`),
      `the claim on ${id} of vault ${claim.vaultId} has no owner`,
    );
}

/** What a binding counts. */
function checkBindings({ bindings, backups, links }: Rows, must: Must): void {
  for (const { body } of bindings) {
    const name = `binding of ${body.resourceId} in ${body.vaultId}`;
    // While its backups follow a resource to another vault they are counted where it is.
    const homes = [body.vaultId, body.migration?.from];
    const own = backups.filter((b) => homes.includes(b.body.vaultId) && b.body.resourceId === body.resourceId);
    must(own.length === body.backups, `${name} counts ${body.backups} backups, there are ${own.length}`);
    const ids = new Set(own.map((b) => b.body.id));
    const used = links.reduce((sum, link) => sum + (ids.has(link.body.backupId) ? link.body.change : 0), 0);
    must(used === body.used, `${name} uses ${body.used} bytes, its chains sum up to ${used}`);
  }
}

/** CAP-01..04: each chain holds exactly the backups that can be restored, and each step is what really changed. */
function checkChains({ rows, captured }: Facts, must: Must): void {
  const sealed = rows.backups.filter(({ body }) => body.status !== "protecting");
  const homes = new Map(sealed.map(({ body }) => [body.id, body.vaultId]));
  const wanted = new Map<string, string[]>();
  for (const { body: part } of rows.parts) {
    const vaultId = homes.get(part.backupId);
    // Parts of what is in the trash stay where they are.
    if (vaultId === undefined) {
      must(
        rows.trash.some(({ body }) => body.backup.id === part.backupId && body.state === "trashed"),
        `part ${part.id} belongs to no backup`,
      );
      continue;
    }
    const chain = `CH#${vaultId}#${part.diskId}`;
    wanted.set(chain, [...(wanted.get(chain) ?? []), part.id]);
  }
  const chains = new Map<string, Row[]>();
  for (const link of rows.links) chains.set(link.pk, [...(chains.get(link.pk) ?? []), link]);
  for (const chain of new Set([...wanted.keys(), ...chains.keys()])) {
    const links = chains.get(chain) ?? [];
    const ids = links.map(({ body }) => String(body.partId)).sort();
    must(
      ids.join() === (wanted.get(chain) ?? []).sort().join(),
      `${chain} holds ${ids}, its backups are ${wanted.get(chain) ?? []}`,
    );
    let before: Contents | undefined;
    for (const { body } of links) {
      const diskId = chain.split("#")[2] ?? "";
      const now = captured.get(`${body.backupId} ${diskId}`);
      if (now === undefined) {
        must(false, `${chain}: backup ${body.backupId} was never captured`);
        break;
      }
      const change = differenceOf(before, now);
      must(change === body.change, `${chain}: ${body.partId} says that ${body.change} bytes changed, ${change} did`);
      before = now;
    }
  }
}

/** Nothing that can be restored, or can come back, or is compared with, has lost its root. */
function checkRoots({ rows, objects }: Facts, must: Must): void {
  const names = new Set(
    [...objects].flatMap((name) => (name.split("/")[1] === "roots" ? [name.split("/")[2] ?? ""] : [])),
  );
  for (const { body } of rows.parts) must(names.has(body.id), `part ${body.id} of backup ${body.backupId} has no root`);
  for (const { body } of rows.bindings)
    for (const root of Object.values(body.baselines))
      must(names.has(String(root)), `baseline ${String(root)} of ${body.resourceId} has no root`);
}

/** VLT-60: vaults and links tell one story. */
function checkPolicies({ vaults, applied, policies }: Rows, must: Must): void {
  const said = vaults.flatMap(({ body }) =>
    Object.values(body.policies ?? {}).map((policy) => `${String(policy)} in ${body.id}`),
  );
  const linked = applied.map(({ body }) => `${body.policyId} in ${body.vaultId}`);
  must(said.sort().join() === linked.sort().join(), `vaults name the policies ${said}, applied are ${linked}`);
  const there = new Set(policies.map(({ body }) => body.id));
  for (const { body } of applied) must(there.has(body.policyId), `policy ${body.policyId} is applied and gone`);
}

const STABLE: readonly string[] = ["available", "error"];

/** When nothing runs, nothing is in between, held or open. */
function checkSettled(rows: Rows, must: Must): void {
  for (const { body } of rows.vaults)
    must([...STABLE, "frozen"].includes(body.status), `vault ${body.id} is ${body.status}`);
  for (const { body } of rows.backups) must(STABLE.includes(body.status), `backup ${body.id} is ${body.status}`);
  for (const row of rows.bindings) {
    must(STABLE.includes(row.body.status), `binding ${place(row)} is ${row.body.status}`);
    must(row.body.lease === undefined, `binding ${place(row)} is leased`);
  }
  for (const row of rows.members) must(row.body.status !== "protecting", `member ${place(row)} is protecting`);
  for (const { body } of rows.tasks) must(body.status !== "running", `task ${body.id} (${body.type}) is running`);
  for (const row of rows.openRuns) must(false, `run ${place(row)} is open`);
  for (const row of rows.executions) must(false, `execution ${row.sk} is unfinished`);
}
