/** What the record file says, read beside the service: the facts that no answer of the API shows. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { dataFolderOf } from "../support/service-process.ts";

export interface BindingFacts {
  readonly vaultId: string;
  readonly resourceId: string;
  readonly status: string;
  readonly leased: boolean;
  readonly used: number;
  readonly backups: number;
  readonly restoreIncomplete: boolean;
  readonly baselines: readonly string[];
}

export interface RecordFacts {
  /** Executions that have not ended. */
  readonly executions: readonly string[];
  readonly openRuns: readonly string[];
  readonly captures: readonly string[];
  readonly runningTasks: readonly string[];
  /** Members of checkpoints that are still said to be protected. */
  readonly protectingMembers: readonly string[];
  readonly bindings: readonly BindingFacts[];
  /** Disk backups in the chains that `used` is summed along, in order, by vault and disk. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Resources claimed by a vault. */
  readonly claims: readonly string[];
  /** Deleted roots that something still pins. */
  readonly intents: readonly string[];
  /** Roots of deleted backups that can still come back. */
  readonly trashed: readonly string[];
}

/** Reads everything in one transaction. */
export function readFacts(work: string): RecordFacts {
  const db = new DatabaseSync(join(dataFolderOf(work), "records.sqlite"), { readOnly: true, timeout: 5_000 });
  try {
    db.exec("BEGIN");
    const rows = (where: string) =>
      db
        .prepare(`SELECT pk, sk, body FROM items WHERE ${where} ORDER BY pk, sk`)
        .all()
        .map((row) => ({
          pk: String(row.pk),
          sk: String(row.sk),
          body: JSON.parse(String(row.body)) as Record<string, unknown>,
        }));
    const chains = new Map<string, string[]>();
    for (const { pk, body } of rows("pk GLOB 'CH#*'"))
      chains.set(pk.slice(3), [...(chains.get(pk.slice(3)) ?? []), String(body.partId)]);
    return {
      executions: rows("pk = 'XOPEN'").map((row) => row.sk),
      openRuns: rows("pk GLOB 'REPO#*' AND sk GLOB 'O#*'").map((row) => row.sk),
      captures: rows("pk GLOB 'CAP#*'").map((row) => row.pk),
      runningTasks: rows("pk GLOB 'T#*' AND sk = 'A' AND json_extract(body, '$.status') = 'running'").map((r) => r.pk),
      protectingMembers: rows("pk GLOB 'K#*' AND sk GLOB 'M#*' AND json_extract(body, '$.status') = 'protecting'").map(
        (row) => `${row.pk} ${row.sk}`,
      ),
      bindings: rows("pk GLOB 'V#*' AND sk GLOB 'R#*'").map(({ body }) => ({
        vaultId: String(body.vaultId),
        resourceId: String(body.resourceId),
        status: String(body.status),
        leased: body.lease !== undefined,
        used: Number(body.used),
        backups: Number(body.backups),
        restoreIncomplete: body.restoreIncomplete === true,
        baselines: Object.values(body.baselines as Record<string, string>),
      })),
      chains,
      claims: rows("pk GLOB 'C#*' AND sk = 'C'").map((row) => row.pk.split("#")[2] ?? ""),
      intents: rows("pk GLOB 'REPO#*' AND sk GLOB 'D#*'").map((row) => row.sk.slice(2)),
      trashed: rows("pk GLOB 'B#*' AND sk = 'T' AND json_extract(body, '$.state') = 'trashed'").flatMap(({ body }) =>
        (body.links as readonly { readonly partId: string }[]).map(({ partId }) => partId),
      ),
    };
  } finally {
    db.close();
  }
}

/** Names of the files below a folder of the object store: temporary ones, or the roots of all domains. */
export function temporaryObjects(work: string): readonly string[] {
  return readdirSync(join(dataFolderOf(work), "objects", "tmp"));
}

/** Every root that stands in the repository. */
export function storedRoots(work: string): readonly string[] {
  return readdirSync(join(dataFolderOf(work), "objects"), { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("trash") && /(^|\/)roots\/[^/]+$/.test(name))
    .map((name) => name.slice(name.lastIndexOf("/") + 1));
}
