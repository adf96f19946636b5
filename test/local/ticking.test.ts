/** Does the tick of a start-up leave alone what requests have recorded since the service answers? */
import { afterEach, beforeEach, expect, it } from "vitest";
import { recordCheckpoint } from "../../core/app/backup/create-checkpoint.ts";
import { startTicking } from "../../local/ticking.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { CALLER } from "../support/vault-host.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
});
afterEach(() => host.close());

/** A run that is recorded and that nobody has started. */
async function recorded(): Promise<string> {
  const disk = `d${host.disks.bytes.size}`;
  host.disks.addDiskWith(disk, diskOf(2 * BLOCK, { 0: 2 }));
  const vaultId = await host.vault([disk]);
  const ask = { vaultId, incremental: true, autoTrigger: false };
  return (await recordCheckpoint(host.services, CALLER, ask)).checkpoint.id;
}

it("starts what a dead process has recorded, and not what a request is recording now", async () => {
  const left = await recorded();
  host.clock.ahead += 1000;
  const openedAt = host.services.now();
  const mine = await recorded();
  await startTicking(host.services, openedAt, () => 0).stop();
  await host.idle();
  const status = async (id: string) => (await host.call("GET", `/checkpoints/${id}`)).body.checkpoint.status;
  expect([await status(left), await status(mine)]).toEqual(["available", "protecting"]);
});
