/** `holdfast store delete`. */
import { removeBackups } from "../../local/store/remove.ts";
import type { StoreCall } from "./call.ts";
import { onStore, print } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  await onStore(call, { threads: false, frees: true }, async ({ store, plane }) => {
    const removed = await removeBackups(store, plane, call.args);
    print(
      call,
      removed.map(({ id, readBy }) => ({ id, deleted: true, read_by: readBy ?? null })),
      removed
        .map(({ id, readBy }) =>
          readBy === undefined
            ? `${id} deleted; "holdfast store gc" frees its room`
            : `${id} deleted; process ${readBy.pid} on ${readBy.host} reads it, so it goes with the first gc after that`,
        )
        .join("\n"),
    );
  });
}
