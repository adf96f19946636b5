/** `holdfast store init`. */
import { initStore } from "../../local/store/init.ts";
import { formatFields } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { print, storeDir, text } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  const made = await initStore({ dir: storeDir(call), keyFile: text(call, "key-file"), env: process.env });
  print(
    call,
    { id: made.id, store: made.path, key_file: made.keyFile, recovery_code: made.recoveryCode },
    `${formatFields([
      ["store", made.path],
      ["key file", `${made.keyFile}${made.keyMade ? "" : " (was there before)"}`],
      ["recovery code", made.recoveryCode],
    ])}\n\nWithout the key file or the recovery code nobody can read this store, you included.\nWrite the code down and keep it elsewhere: it is shown only now.`,
  );
}
