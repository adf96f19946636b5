/** What does the administration of accounts work with? */
import type { Clock } from "../../../domain/values.ts";
import type { KeyService } from "../../../ports/key-service.ts";
import type { RecordStore } from "../../../ports/record-store.ts";

export interface AdminServices {
  readonly records: RecordStore;
  readonly keys: KeyService;
  readonly now: Clock;
  readonly newId: () => string;
  readonly randomBytes: (n: number) => Uint8Array;
  /** Seals the secret of a repository under a new recovery code, which it returns with the name of the object. Absent where the administration opens no secret. */
  readonly addRecoveryCode?: (domainId: string) => Promise<{ readonly object: string; readonly code: string }>;
}

/** 32 hex digits, the form of domain, project and user ids (cbr-api §2.3). */
export const hexId = ({ newId }: AdminServices): string => newId().replaceAll("-", "");

/** Seals a small secret; base64. */
export async function seal(
  { keys }: AdminServices,
  secret: string,
  context: Readonly<Record<string, string>>,
): Promise<string> {
  return Buffer.from(await keys.wrap(Buffer.from(secret), context)).toString("base64");
}
