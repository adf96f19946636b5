/** Rows in any state, for tests that look at them: the service itself gets there by legal transitions only (tables.ts). */
import { type Placement, toItem } from "../../core/app/records/record.ts";
import type { Write } from "../../core/ports/record-store.ts";

/** Puts the row over whatever stands there. */
export const forced = <T extends object>(
  { place }: { readonly place: (entity: T) => Placement },
  entity: T & { readonly v?: number },
): Extract<Write, { op: "put" }> => ({ op: "put", item: toItem(place(entity), entity, entity.v ?? 0), if: "any" });
