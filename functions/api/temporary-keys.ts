/** Temporary access keys: `POST /v3.0/OS-CREDENTIAL/securitytokens` (cbr-api 4.2). */
import { z } from "zod";
import { issueTemporaryKey } from "../../core/app/identity/issue-temporary-key.ts";
import type { Services } from "../../core/app/services.ts";
import { badField } from "../../core/domain/fault.ts";
import { wireTime } from "../../core/domain/values.ts";
import { callerOf } from "./identity-caller.ts";
import { parseBody } from "./kit/fields.ts";
import type { Handler } from "./kit/request.ts";

/** IAM documents text, clients send numbers as well. */
const seconds = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,9}$/, "must be a whole number")
      .transform(Number),
  ])
  .optional();

/** POST /v3.0/OS-CREDENTIAL/securitytokens. */
export const TemporaryKeyRequest = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.array(z.string()).min(1),
      token: z
        .object({
          id: z.string().max(4096).optional(),
          duration_seconds: seconds,
          "duration-seconds": seconds,
        })
        .optional(),
    }),
  }),
});

/** 201. Method `token` only: the token of the body, else what the request itself was proved with. */
export const createTemporaryKey: Handler<Pick<Services, "records" | "keys" | "now" | "randomBytes">> = async (
  request,
  services,
) => {
  const { methods, token } = parseBody(TemporaryKeyRequest, request.body).auth.identity;
  if (!methods.includes("token")) badField("auth.identity.methods", "only token is supported: there are no agencies");
  const { accessKey, secret, securityToken, expiresAt } = await issueTemporaryKey(services, callerOf(request), {
    token: token?.id,
    seconds: token?.duration_seconds ?? token?.["duration-seconds"],
  });
  const credential = { access: accessKey, secret, securitytoken: securityToken, expires_at: `${wireTime(expiresAt)}Z` };
  return { status: 201, body: { credential } };
};
