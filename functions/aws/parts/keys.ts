/** Keys wrapped by KMS. */
import { createKmsClient } from "../../../adapters/aws/clients/kms.ts";
import { createKmsKeys } from "../../../adapters/aws/kms-keys.ts";
import type { KeyService } from "../../../core/ports/key-service.ts";
import type { Host } from "../services.ts";

export function keys(host: Host): { readonly keys: KeyService } {
  return { keys: createKmsKeys({ client: createKmsClient(host.onCall), keyId: host.variable("HOLDFAST_KEY") }) };
}
