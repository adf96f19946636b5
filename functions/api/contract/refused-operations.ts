/** The contract of what is judged and then refused: nothing is sold, replicated, imported, shared or migrated. What is never answered is not promised. */
import { z } from "zod";
import { migrateBody } from "../migrates.ts";
import { addMembersBody, updateMemberBody } from "../schemas/members.ts";
import { changeOrderBody, chargeModeBody, orderVaultBody, updateOrderBody } from "../schemas/orders.ts";
import { replicateBackupBody, replicateVaultBody, syncBackupsBody, syncVaultBody } from "../schemas/replication.ts";
import { paging } from "./parameters.ts";

const answers = {};

export const refusedOperations = {
  CreatePostPaidVault: {
    summary: "Orders a prepaid vault: refused, as nothing is sold",
    body: orderVaultBody,
    answers,
  },
  ChangeVaultChargeMode: {
    summary: "Makes vaults prepaid: refused, as nothing is sold",
    body: chargeModeBody,
    answers,
  },
  ChangeOrder: {
    summary: "Changes the size of a prepaid vault: refused, as no vault has an order",
    // The contract's text writes snake case and its example camel case (D-15).
    body: z.union([changeOrderBody, updateOrderBody]),
    answers,
  },
  UpdateOrder: {
    summary: "Changes the size of a prepaid vault: refused, as no vault has an order",
    body: updateOrderBody,
    answers,
  },
  CopyCheckpoint: {
    summary: "Replicates a vault's backups: refused, as it is not built yet",
    body: replicateVaultBody,
    answers,
  },
  CopyBackup: {
    summary: "Replicates a backup: refused, as it is not built yet",
    body: replicateBackupBody,
    answers,
  },
  ImportCheckpoint: {
    summary: "Synchronises a hybrid vault: refused, as nothing writes into one",
    body: syncVaultBody,
    answers,
  },
  ImportBackup: {
    summary: "Imports on-premises backups: refused, as it is not built yet",
    body: syncBackupsBody,
    answers,
  },
  AddMember: {
    summary: "Shares a backup with projects: refused, as it is not built yet",
    body: addMembersBody,
    answers,
  },
  ShowMembersDetail: {
    summary: "Lists with whom a backup is shared: with nobody",
    query: paging,
    answers: { 200: z.strictObject({ members: z.array(z.never()), count: z.literal(0) }) },
  },
  ShowMemberDetail: { summary: "Shows a member of a backup: there is none", answers },
  UpdateMemberStatus: {
    summary: "Accepts or rejects a shared backup: there is none",
    body: updateMemberBody,
    answers,
  },
  DeleteMember: { summary: "Ends the sharing of a backup with a project: there is none", answers },
  ShowMigrateStatus: {
    summary: "Shows how far the account's migration is: there never was one",
    query: { all_regions: z.boolean() },
    answers,
  },
  MigrateDomain: {
    summary: "Migrates backups of predecessor services: refused, as there are none",
    body: migrateBody,
    answers,
  },
} as const;
