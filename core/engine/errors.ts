/** What the engine can meet that no port names. */

/** The object is sound, but holds something that this version does not read (a newer format, patches, relocations). */
export class FormatTooNew extends Error {
  override readonly name = "FormatTooNew";
  readonly object: string;
  constructor(object: string, what: string) {
    super(`${object}: ${what}; a newer version of this program is needed to read it`);
    this.object = object;
  }
}
