/** Where is a resource bound now, when what names its vault was written before the resource moved to another one (VLT-42)? */
import type { RecordStore } from "../../ports/record-store.ts";
import { type Binding, Claim } from "../records/entities.ts";
import { bindingKey, claimKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, load } from "../records/tables.ts";

/** A resource in the vault that a backup, an intent or a provider's tag names. */
interface Named {
  readonly projectId: string;
  readonly vaultId: string;
  readonly resourceId: string;
}

/** The binding in the vault that is named, else in the vault that holds the resource now; undefined when none does. */
export async function bindingNamed(records: RecordStore, named: Named): Promise<Versioned<Binding> | undefined> {
  const { projectId, resourceId } = named;
  const there = await load(records, bindings, bindingKey(named.vaultId, resourceId));
  if (there !== undefined) return there;
  // A binding moves together with its claim. Only a claim that stands unchanged after a look that found nothing proves that
  // nothing is there: otherwise the resource moved on between the two reads.
  let seenAt: number | undefined;
  for (;;) {
    const claim = await load(records, { schema: Claim }, claimKey(projectId, resourceId));
    if (claim === undefined || claim.v === seenAt) return undefined;
    const binding = await load(records, bindings, bindingKey(claim.vaultId, resourceId));
    if (binding !== undefined) return binding;
    seenAt = claim.v;
  }
}
