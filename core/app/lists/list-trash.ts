/** GET holdfast/trash: deleted backups of a project that can still come back, the last deleted first. */
import { byProject, trashKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { load } from "../records/tables.ts";
import { Trashed, trash } from "../records/trash.ts";
import type { Services } from "../services.ts";
import { listPage, newestFirst, type PageAsk, type Paged, type Row, walkBack } from "./walk.ts";

/** A deleted backup as a row, in the order of deletion. */
export interface TrashedRow extends Row {
  readonly trashed: Trashed;
}

const asRow = (trashed: Trashed): TrashedRow => ({ id: trashed.backup.id, createdAt: trashed.deletedAt, trashed });

/** The index may lag: one that has just come back may be listed still. @throws Fault 9900 (unknown marker) */
export function listTrash(s: Services, projectId: string, ask: PageAsk): Promise<Paged<TrashedRow>> {
  const { pk } = byProject(projectId, "X", 0, "");
  return listPage(
    {
      async *source(after) {
        for await (const item of walkBack(s.records, { index: "g1", pk })) {
          const row = asRow(parseItem(Trashed, item));
          if (after === undefined || newestFirst(after, row) < 0) yield row;
        }
      },
      find: async (id) => {
        const trashed = await load(s.records, trash, trashKey(id));
        return trashed && asRow(trashed);
      },
      keep: ({ trashed }) => trashed.backup.projectId === projectId,
    },
    ask,
  );
}
