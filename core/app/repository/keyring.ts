/** Key domains: their secrets, wrapped, are objects beside the packs, so that object store and key restore everything. */

import { z } from "zod";
import { Damaged, type DomainKeys } from "../../ports/data-plane.ts";
import type { KeyService } from "../../ports/key-service.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

export interface Keyring {
  /** The domain's keys; makes the domain when this is its first use. @throws KeyObjectLost, Damaged, KeyMismatch */
  openOrCreate(domainId: string): Promise<DomainKeys>;
  /** The keys of a domain that has been written to. @throws ObjectMissing when its key object is gone, KeyMismatch */
  open(domainId: string): Promise<DomainKeys>;
}

/** The default domain of a project: one dedup domain under the service's own key. */
export const defaultDomain = (projectId: string): string => `d-${projectId}`;

/** The project that a domain belongs to. */
export const projectOf = (domainId: string): string => domainId.replace(/^d-/, "");

/** The wrapped secret of a domain that has been written to is gone. */
export class KeyObjectLost extends Error {
  override readonly name = "KeyObjectLost";
}

/** docs/format.md, "Keys". */
const keyObject = (domainId: string): string => `${domainId}/keys/service`;

const StoredKey = z.object({ format: z.literal(1), domain: z.string(), wrapped: z.base64() });

/** @throws Damaged */
function parseKey(name: string, bytes: Uint8Array): z.output<typeof StoredKey> {
  try {
    return StoredKey.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new Damaged(name, `is damaged, or of a newer program: ${(cause as Error).message}`);
  }
}

/** Reads each domain's key object once per process and keeps the secret in memory. */
export function createKeyring(deps: {
  readonly objects: ObjectStore;
  readonly keys: KeyService;
  readonly randomBytes: (n: number) => Uint8Array;
}): Keyring {
  const opened = new Map<string, Promise<DomainKeys>>();
  const context = (domainId: string) => ({ purpose: "domain-key", domain: domainId });

  async function read(domainId: string): Promise<DomainKeys> {
    const stored = parseKey(keyObject(domainId), await deps.objects.get(keyObject(domainId)));
    if (stored.domain !== domainId) throw new Damaged(keyObject(domainId), `belongs to domain ${stored.domain}`);
    return { domainId, secret: await deps.keys.unwrap(Buffer.from(stored.wrapped, "base64"), context(domainId)) };
  }

  /** Name of some object that only the domain's secret opens. */
  async function firstOf(domainId: string, ...kinds: readonly string[]): Promise<string | undefined> {
    for (const kind of kinds) for await (const { name } of deps.objects.list(`${domainId}/${kind}`)) return name;
    return undefined;
  }

  async function create(domainId: string): Promise<DomainKeys> {
    const isThere = async (): Promise<boolean> => (await deps.objects.size(keyObject(domainId))) !== undefined;
    if (!(await isThere())) {
      // A second secret beside what was written under the first one would make that unreadable without a word. Asked again: another
      // first user of the domain may have come in between.
      const sealed = await firstOf(domainId, "keys/recovery-", "roots/", "packs/");
      if (sealed !== undefined && !(await isThere()))
        throw new KeyObjectLost(
          `${keyObject(domainId)} is missing, and ${sealed} was written under it: put it back from a copy of the object store`,
        );
      const wrapped = await deps.keys.wrap(deps.randomBytes(32), context(domainId));
      const stored = { format: 1, domain: domainId, wrapped: Buffer.from(wrapped).toString("base64") };
      // Loses to another first user of the domain; both then read the winner's.
      await deps.objects.putIfAbsent(keyObject(domainId), Buffer.from(JSON.stringify(stored)));
    }
    return read(domainId);
  }

  const once = (domainId: string, make: (id: string) => Promise<DomainKeys>): Promise<DomainKeys> => {
    const known = opened.get(domainId);
    if (known !== undefined) return known;
    const opening = make(domainId);
    opened.set(domainId, opening);
    // A failure (key service away) must not be remembered.
    opening.catch(() => opened.delete(domainId));
    return opening;
  };

  return { openOrCreate: (id) => once(id, create), open: (id) => once(id, read) };
}
