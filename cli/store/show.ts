/** `holdfast store show`. */
import { readBackup, resolveId } from "../../local/store/backups.ts";
import { CommandFailed } from "../failure.ts";
import { cell, formatBytes, formatFields, formatTime } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { onStore, print } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  await onStore(call, { threads: false }, async ({ store, plane }) => {
    const backup = await readBackup(store, plane, await resolveId(store, plane, call.args[0] ?? ""));
    if ("damaged" in backup) throw new CommandFailed(`${backup.id} cannot be read: ${backup.damaged}`);
    const { id, name, source, createdAt, size, nonZero, stored, parent, host, description } = backup;
    print(
      call,
      {
        id,
        name,
        source,
        created_at: createdAt,
        size,
        non_zero: nonZero,
        stored,
        parent: parent ?? null,
        host,
        description,
      },
      formatFields([
        ["id", id],
        ["name", cell(name)],
        ["source", cell(source)],
        ["created", formatTime(createdAt.replace("Z", ""))],
        ["size", `${formatBytes(size)} (${size} bytes)`],
        ["not zero", formatBytes(nonZero)],
        ["stored", formatBytes(stored)],
        ["parent", cell(parent)],
        ["host", cell(host)],
        ["made by", cell(description.version)],
      ]),
    );
  });
}
