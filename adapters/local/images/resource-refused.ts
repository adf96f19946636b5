/** Why a disk or server was not registered or removed: one field, one rule, in words that help to mend it. */
export class ResourceRefused extends Error {
  override readonly name = "ResourceRefused";
  /** The field of the request that breaks the rule: `path`, `name`, `diskIds`, `id` … */
  readonly field: string;
  constructor(field: string, reason: string) {
    super(`${field}: ${reason}`);
    this.field = field;
  }
}
