/** How a refusal looks on the wire: the one place where faults become HTTP statuses and bodies. */
import type { IdentityFailure, IdentityFailureKind } from "../../../core/app/identity/principal.ts";
import type { Fault } from "../../../core/domain/fault.ts";
import { FAULTS } from "../../../core/domain/fault-codes.ts";
import type { ApiResponse } from "./request.ts";

/** The body that every CBR client understands (cbr-api §9.1). */
export const refusal = (status: number, error_code: string, error_msg: string): ApiResponse => ({
  status,
  body: { error_code, error_msg },
});

/** A refusal of the domain: `BackupService.<code>` with the status of the contract's table. */
export const faultAnswer = ({ code, detail }: Fault): ApiResponse =>
  refusal(FAULTS[code].status, `BackupService.${code}`, detail);

/** Statuses and gateway codes of authentication; the codes are those of Huawei's API gateway. */
const IDENTITY: Readonly<Record<IdentityFailureKind, { status: number; title: string; code: string }>> = {
  "bad-request": { status: 400, title: "Bad Request", code: "APIGW.0201" },
  unauthenticated: { status: 401, title: "Unauthorized", code: "APIGW.0301" },
  forbidden: { status: 403, title: "Forbidden", code: "APIGW.0302" },
  "not-found": { status: 404, title: "Not Found", code: "APIGW.0101" },
  busy: { status: 429, title: "Too Many Requests", code: "APIGW.0308" },
};

/** A refusal of authentication, as a gateway says it. */
export function gatewayAnswer({ kind, message }: IdentityFailure): ApiResponse {
  const { status, code } = IDENTITY[kind];
  return refusal(status, code, message);
}

/** Do refusals of this path speak as Keystone does? */
export const speaksKeystone = (path: string): boolean => /^\/+v3(\.0\/+OS-CREDENTIAL|\/+auth)\//.test(path);

/** The same as Keystone says it: what openstackclient expects below /v3/auth (clients.md §1.1). */
export function keystoneAnswer({ kind, message }: IdentityFailure): ApiResponse {
  const { status: code, title } = IDENTITY[kind];
  return { status: code, body: { error: { code, message, title } } };
}
