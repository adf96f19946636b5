/** `holdfast store stat`. */
import { storeFigures } from "../../local/store/stat.ts";
import { formatBytes, formatFields } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { onStore, print } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  await onStore(call, { threads: false }, async ({ store, plane }) => {
    const figures = await storeFigures(store, plane);
    const { backups, logical, stored, live, dead, packs, trash } = figures;
    print(
      call,
      { id: store.domain.domainId, ...figures },
      formatFields([
        ["store", store.domain.domainId],
        ["backups", `${backups}`],
        ["disks", formatBytes(logical)],
        ["stored", `${formatBytes(stored)} in ${packs} packs and what names them`],
        ["needed", formatBytes(live)],
        ["not needed", formatBytes(dead)],
        ["trash", formatBytes(trash)],
      ]),
    );
  });
}
