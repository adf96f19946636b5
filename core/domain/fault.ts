/** How the product says that something is wrong with a request or a resource: one class, closed codes. */
import type { FaultCode } from "./fault-codes.ts";

/**
 * A refusal in the contract's own words. `detail` is shown to the caller: it names the thing and the rule, never a secret.
 * Anything thrown that is not a Fault is a defect: it is logged, alarmed on and never shown.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly detail: string;
  constructor(code: FaultCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }
}

/** Refuses with a code and a sentence for the caller. @throws Fault always */
export function fault(code: FaultCode, detail: string, options?: ErrorOptions): never {
  throw new Fault(code, detail, options);
}

/** Refuses a field of a request, e.g. `badField("vault.billing.size", "must be between 1 and 10485760")`. @throws Fault 9900 */
export function badField(field: string, rule: string): never {
  throw new Fault("9900", `${field}: ${rule}`);
}
