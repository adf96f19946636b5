/** The contract of what is ours: health, and the disks and servers of a host that keeps an inventory. */
import { z } from "zod";
import { addResourceBody } from "../schemas/resources.ts";
import { anyObject, count, id } from "./answers.ts";

/** Bytes: these are files of a host, not sold capacity. */
const bytes = z.number().int().min(0);
const common = { id, name: z.string(), size: bytes, status: z.string(), reason: z.string().nullable() };
const disk = z
  .strictObject({
    ...common,
    kind: z.literal("disk"),
    system: z.boolean(),
    server_id: id.nullable(),
    promise: z.enum(["atomic-group", "atomic-disk", "quiescent", "fuzzy", "none"]),
    detail: anyObject,
  })
  .meta({ id: "HostDisk" });
const server = z
  .strictObject({ ...common, kind: z.literal("server"), disks: z.array(disk) })
  .meta({ id: "HostServer" });
const resource = z.discriminatedUnion("kind", [disk, server]);

export const hostOperations = {
  ShowHealth: {
    summary: "Answers when the process does",
    answers: { 200: z.strictObject({ status: z.literal("ok") }) },
  },
  AddResource: {
    summary: "Registers a disk or a server of this host",
    body: addResourceBody,
    answers: { 200: z.strictObject({ resource }) },
  },
  ListResources: {
    summary: "Lists disks and servers of this host",
    answers: { 200: z.strictObject({ resources: z.array(resource), count }) },
  },
  RemoveResource: { summary: "Forgets a disk or a server of this host", answers: { 204: null } },
} as const;
