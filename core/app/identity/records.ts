/**
 * How identities are stored.
 *
 *   pk            sk             body
 *   ID            BOOT               domainId, projectId, userId, accessKey, sealedPassword — the account made at first start;
 *                                    written in one transaction with the first five below, so it exists or nothing does
 *   ID            DOMAIN#<id>        id, name
 *   ID            PROJECT#<id>       id, name, domainId — the first one's name is the region's
 *   ID            USER#<id>          id, name, domainId, passwordHash (passwords.ts), passwordVersion, access
 *   AK#<key>      A                  accessKey, userId, sealedSecret — wrapped under { purpose: "secret-access-key", accessKey };
 *                                    `temporary`: also whose security token it needs and when it ends; ttl then
 *   ID            KEY#<user>#<key>   userId, accessKey, createdAt — which keys a user has; the first one may be in BOOT only
 *   ID            GRANT#<user>#<project>   userId, projectId, roles
 *   ID            GENERATION         v grows with every change of accounts (change-directory.ts)
 *   TOK#<sha256>  A                  userId, passwordVersion, scope, methods, issuedAt, expiresAt; ttl = expiresAt. The token
 *                                    itself is not stored
 *
 * `ID` is one partition because it holds some dozen rows that are read together; on the way of a CBR request it is queried
 * once in five minutes per user, or after a change. GENERATION alone is read by every request.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { ROLE_NAMES } from "../../domain/roles.ts";
import type { Key } from "../../ports/record-store.ts";

export const DIRECTORY = "ID";
export const bootKey: Key = { pk: DIRECTORY, sk: "BOOT" };
export const domainKey = (id: string): Key => ({ pk: DIRECTORY, sk: `DOMAIN#${id}` });
export const projectKey = (id: string): Key => ({ pk: DIRECTORY, sk: `PROJECT#${id}` });
export const userKey = (id: string): Key => ({ pk: DIRECTORY, sk: `USER#${id}` });
export const keyRowKey = (userId: string, accessKey: string): Key => ({
  pk: DIRECTORY,
  sk: `KEY#${userId}#${accessKey}`,
});
export const grantKey = (userId: string, projectId: string): Key => ({
  pk: DIRECTORY,
  sk: `GRANT#${userId}#${projectId}`,
});
export const generationKey: Key = { pk: DIRECTORY, sk: "GENERATION" };
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
  /** Absent: nobody logs in with a password. */
  passwordHash: z.string().optional(),
  /** Grows with each change of the password: tokens of an older one are dead. */
  passwordVersion: z.number().int().default(0),
  /**
   * `granted`: what its grants say, at first nothing. Absent, as for the first user and in rows of versions without roles:
   * everything in all projects of its domain.
   */
  access: z.literal("granted").optional(),
});
export type User = z.infer<typeof UserRecord>;

export const AccessKeyRecord = z.object({
  accessKey: z.string(),
  userId: z.string(),
  sealedSecret: z.string(),
  temporary: z
    .object({
      /** SHA-256 of the security token that requests must bring along, in hex. */
      securityToken: z.string(),
      expiresAt: z.number(),
      /** What it was got with, and dies with: a password (through a token) or a permanent key. */
      origin: z.union([z.object({ passwordVersion: z.number().int() }), z.object({ accessKey: z.string() })]),
    })
    .optional(),
});
export type AccessKey = z.infer<typeof AccessKeyRecord>;

export const KeyRow = z.object({ userId: z.string(), accessKey: z.string(), createdAt: z.number() });
export type KeyRow = z.infer<typeof KeyRow>;

export const GrantRecord = z.object({
  userId: z.string(),
  projectId: z.string(),
  roles: z.array(z.enum(ROLE_NAMES)),
});
export type Grant = z.infer<typeof GrantRecord>;

export const TokenRecord = z.object({
  userId: z.string(),
  /** That of the user when it was issued. */
  passwordVersion: z.number().int().default(0),
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
export type Boot = z.infer<typeof BootRecord>;

/** What a sealed secret is bound to: it opens for nobody else's key, and not as a password. */
export const secretKeyContext = (accessKey: string) => ({ purpose: "secret-access-key", accessKey }) as const;
export const temporaryKeyContext = (accessKey: string) => ({ purpose: "temporary-secret-key", accessKey }) as const;
export const passwordContext = (userId: string) => ({ purpose: "initial-password", userId }) as const;
