/** A process that does what it is told on a store, and answers when it is done: the one that is killed (`store-kills.ts`). */
import { act, type StoreAct, type StorePlace } from "./store-acts.ts";
import { DiskSession, type PlannedFault } from "./store-disk.ts";

export interface ToChild {
  readonly place: StorePlace;
  readonly what: StoreAct;
  readonly faults: readonly PlannedFault[];
}

process.on("message", (message: ToChild) => {
  const { place, what, faults } = message;
  act(place, what, { session: new DiskSession(faults) }).then(
    (done) => process.send?.({ done }),
    (error: Error) => process.send?.({ error: { name: error.name, message: error.message, stack: error.stack } }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
