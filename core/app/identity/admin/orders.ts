/**
 * What can be ordered of the administration, and what does it answer? Of accounts, of recovery codes, and of resources that are frozen. The command, the API of one machine and the admin
 * function of AWS all speak it. Domains, projects and users are named by id or by name; without a domain the first one is meant.
 */
import { z } from "zod";
import { ROLE_NAMES } from "../../../domain/roles.ts";

const MAX_NAME = 64;
const SHORTEST_PASSWORD = 8;
const LONGEST_PASSWORD = 1024;
const LENGTH_OF_PASSWORD = `must have ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters`;

/** Names of domains, projects and users: what fits into a header, a query and a shell. */
const name = z
  .string()
  .regex(
    /^[\p{L}\p{N}_][\p{L}\p{N}_.@-]*$/u,
    "must be letters, digits, `_`, `.`, `@` or `-`, with a letter, digit or `_` first",
  )
  .max(MAX_NAME);
const named = z.string().min(1).max(MAX_NAME);
const password = z.string().min(SHORTEST_PASSWORD, LENGTH_OF_PASSWORD).max(LONGEST_PASSWORD, LENGTH_OF_PASSWORD);
/** Of a user: its domain may be left out. */
const ofUser = { user: named, domain: named.optional() };
const grant = { ...ofUser, project: named, role: z.enum(ROLE_NAMES) };

export const AdminOrder = z.discriminatedUnion("action", [
  z.object({ action: z.literal("domain-create"), name }),
  z.object({ action: z.literal("domain-list") }),
  z.object({ action: z.literal("project-create"), name, domain: named.optional() }),
  z.object({ action: z.literal("project-list"), domain: named.optional() }),
  z.object({ action: z.literal("user-create"), name, domain: named.optional(), password: password.optional() }),
  z.object({ action: z.literal("user-list"), domain: named.optional() }),
  z.object({ action: z.literal("user-password"), ...ofUser, password }),
  z.object({ action: z.literal("user-delete"), ...ofUser }),
  z.object({ action: z.literal("key-create"), ...ofUser }),
  z.object({ action: z.literal("key-list"), ...ofUser }),
  z.object({ action: z.literal("key-revoke"), access_key: z.string().min(1).max(128) }),
  z.object({ action: z.literal("recovery-create"), project: named.optional(), domain: named.optional() }),
  z.object({ action: z.literal("role-grant"), ...grant }),
  z.object({ action: z.literal("role-revoke"), ...grant }),
  z.object({ action: z.literal("role-list"), ...ofUser }),
  z.object({ action: z.literal("resource-freeze"), resource: named }),
  z.object({ action: z.literal("resource-unfreeze"), resource: named }),
  z.object({ action: z.literal("resource-frozen") }),
]);
export type AdminOrder = z.output<typeof AdminOrder>;

const Row = z.record(z.string(), z.unknown());
/** What was made, changed or removed; a list for lists. Only `key-create` and `recovery-create` tell a secret. */
export const AdminResult = z.union([Row, z.array(Row)]);
export type AdminResult = z.output<typeof AdminResult>;
