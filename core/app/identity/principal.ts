/** Who is asking, and the refusals of authentication. */

/** An authenticated user and where it may act. */
export interface Principal {
  readonly userId: string;
  readonly userName: string;
  readonly domainId: string;
  readonly domainName: string;
  /** A project token's one project, none for a domain token, every project of the account for a signature. */
  readonly projectIds: readonly string[];
}

/** `busy` is too many password checks at once; the others read as in HTTP. */
export type IdentityFailureKind = "bad-request" | "unauthenticated" | "forbidden" | "not-found" | "busy";

/** A refusal of the identity service. The message is shown; it never tells which part of a credential was wrong. */
export class IdentityFailure extends Error {
  override readonly name = "IdentityFailure";
  readonly kind: IdentityFailureKind;
  constructor(kind: IdentityFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
