/**
 * How identities are stored.
 *
 *   pk            sk             body
 *   ID            BOOT           domainId, projectId, userId, accessKey, sealedPassword — the account made at first start;
 *                                written in one transaction with the five below, so it exists or nothing does
 *   ID            DOMAIN#<id>    id, name
 *   ID            PROJECT#<id>   id, name, domainId — the name is the region's
 *   ID            USER#<id>      id, name, domainId, passwordHash (passwords.ts)
 *   AK#<key>      A              accessKey, userId, sealedSecret — wrapped under { purpose: "secret-access-key", accessKey }
 *   TOK#<sha256>  A              userId, scope, methods, issuedAt, expiresAt; ttl = expiresAt. The token itself is not stored
 *
 * `ID` is one partition because it holds some dozen rows that are read together; nothing on the way of a CBR request
 * queries it more often than once in five minutes per access key.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Key } from "../../ports/record-store.ts";

export const DIRECTORY = "ID";
export const bootKey: Key = { pk: DIRECTORY, sk: "BOOT" };
export const domainKey = (id: string): Key => ({ pk: DIRECTORY, sk: `DOMAIN#${id}` });
export const projectKey = (id: string): Key => ({ pk: DIRECTORY, sk: `PROJECT#${id}` });
export const userKey = (id: string): Key => ({ pk: DIRECTORY, sk: `USER#${id}` });
export const accessKeyKey = (accessKey: string): Key => ({ pk: `AK#${accessKey}`, sk: "A" });
export const tokenKey = (token: string): Key => ({
  pk: `TOK#${createHash("sha256").update(token).digest("hex")}`,
  sk: "A",
});

export const DomainRecord = z.object({ id: z.string(), name: z.string() });
export type Domain = z.infer<typeof DomainRecord>;

export const ProjectRecord = z.object({ id: z.string(), name: z.string(), domainId: z.string() });
export type Project = z.infer<typeof ProjectRecord>;

export const UserRecord = z.object({
  id: z.string(),
  name: z.string(),
  domainId: z.string(),
  passwordHash: z.string(),
});
export type User = z.infer<typeof UserRecord>;

export const AccessKeyRecord = z.object({ accessKey: z.string(), userId: z.string(), sealedSecret: z.string() });

export const TokenRecord = z.object({
  userId: z.string(),
  /** A project's id, the account, or nothing at all. */
  scope: z.union([
    z.object({ kind: z.literal("project"), projectId: z.string() }),
    z.object({ kind: z.literal("domain") }),
    z.object({ kind: z.literal("unscoped") }),
  ]),
  methods: z.array(z.string()),
  issuedAt: z.number(),
  expiresAt: z.number(),
});
export type Token = z.infer<typeof TokenRecord>;

export const BootRecord = z.object({
  domainId: z.string(),
  projectId: z.string(),
  userId: z.string(),
  accessKey: z.string(),
  sealedPassword: z.string(),
});

/** What a sealed secret is bound to: it opens for nobody else's key, and not as a password. */
export const secretKeyContext = (accessKey: string) => ({ purpose: "secret-access-key", accessKey }) as const;
export const passwordContext = (userId: string) => ({ purpose: "initial-password", userId }) as const;
