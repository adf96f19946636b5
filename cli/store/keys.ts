/** `holdfast store keys`: what opens a store. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { defaultKeyFile } from "../../local/store/key-place.ts";
import { lockStore, type OpenStore } from "../../local/store/open.ts";
import { addRecoveryCode, damagedKeys, recoveryObjects } from "../../local/store/secret.ts";
import { UsageError } from "../failure.ts";
import { formatFields } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { onStore, print, text } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  const [action] = call.args;
  if (action !== undefined && action !== "recovery")
    throw new UsageError(
      `"keys ${action}" is not known: "keys" shows what opens the store, "keys recovery" makes one more code`,
    );
  await onStore(call, { threads: false }, async ({ store }) => {
    await (action === undefined ? show(call, store) : addCode(call, store));
  });
}

async function addCode(call: StoreCall, store: OpenStore): Promise<void> {
  const lock = await lockStore(store);
  try {
    const { code, object } = await addRecoveryCode(store.objects, store.domain);
    print(
      call,
      { recovery_code: code, object },
      `recovery code  ${code}\n\nIt is shown only now. Earlier codes stay good.`,
    );
  } finally {
    lock.release();
  }
}

async function show(call: StoreCall, store: OpenStore): Promise<void> {
  const { domainId } = store.domain;
  const usual =
    store.folder.kind === "service" ? join(store.folder.path, "key") : defaultKeyFile(domainId, process.env);
  const keyFile = text(call, "key-file") ?? usual;
  const codes = await recoveryObjects(store.objects);
  const damaged = new Map((await damagedKeys(store.objects, domainId)).map(({ object, reason }) => [object, reason]));
  const word = (object: string) => damaged.get(object) ?? "sound";
  print(
    call,
    {
      id: domainId,
      key_file: existsSync(keyFile) ? keyFile : null,
      objects: ["keys/service", ...codes].map((object) => ({ object, damaged: damaged.get(object) ?? null })),
    },
    formatFields([
      ["store", domainId],
      ["key file", existsSync(keyFile) ? keyFile : `${keyFile} (missing)`],
      ["keys/service", word("keys/service")],
      ...codes.map((object) => [object, word(object)] as const),
    ]),
  );
}
