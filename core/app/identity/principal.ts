/** Who is asking, and the refusals of authentication and permission. */
import { type Action, judge, type Rights } from "../../domain/roles.ts";
import type { Instant } from "../../domain/values.ts";

/** What a request was proved with. What is got with a token ends when that ends, and with the password. */
export type Credential =
  | { readonly kind: "token"; readonly expiresAt: Instant; readonly passwordVersion: number }
  | { readonly kind: "access-key"; readonly accessKey: string }
  | { readonly kind: "temporary-key" };

/** An authenticated user and where it may act. */
export interface Principal {
  readonly userId: string;
  readonly userName: string;
  readonly domainId: string;
  readonly domainName: string;
  /** A project token's one project, none for a domain token, for a signature every project where the user has a right. */
  readonly projectIds: readonly string[];
  readonly rights: Rights;
  /** The first user, who administrates all domains. */
  readonly operator: boolean;
  readonly credential: Credential;
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

/** All of `actions` must be allowed in the project (PRM-01, PRM-04). @throws IdentityFailure forbidden */
export function checkActions({ userName, rights }: Principal, projectId: string, actions: readonly Action[]): void {
  for (const action of actions) {
    const verdict = judge(rights, projectId, action);
    if (verdict.allowed) continue;
    const why =
      verdict.deniedBy === undefined
        ? "no role of theirs in this project allows it"
        : `"${verdict.deniedBy}" denies it`;
    throw new IdentityFailure("forbidden", `${userName} may not do ${action}: ${why}`);
  }
}
