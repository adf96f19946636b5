/** Everything a use case may need, handed in by the host: ports, clock and chance. */
import type { Clock } from "../domain/values.ts";
import type { DataPlane } from "../ports/data-plane.ts";
import type { KeyService } from "../ports/key-service.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { RecordStore } from "../ports/record-store.ts";
import type { ResourceProvider } from "../ports/resource-provider.ts";
import type { RestoreTargets } from "../ports/restore-targets.ts";
import type { Workflows } from "../ports/workflows.ts";
import type { Keyring } from "./repository/keyring.ts";

export interface Services {
  readonly records: RecordStore;
  readonly objects: ObjectStore;
  readonly keys: KeyService;
  readonly keyring: Keyring;
  readonly resources: ResourceProvider;
  readonly targets: RestoreTargets;
  readonly workflows: Workflows;
  readonly dataPlane: DataPlane;
  readonly notifier: Notifier;
  readonly metrics: Metrics;
  readonly now: Clock;
  /** A new UUID. */
  readonly newId: () => string;
  /** `n` bytes from a cryptographic source. */
  readonly randomBytes: (n: number) => Uint8Array;
  readonly log: (
    line: { readonly level: "info" | "warn" | "error"; readonly text: string } & Record<string, unknown>,
  ) => void;
  /** How the data plane works on this host. */
  readonly tuning: {
    readonly level: number;
    readonly unitBudgetMs: number;
    /** Groups that the disks of a run are cut into at most: as many as can work at once, and some more to even them out. */
    readonly mostGroups: number;
    /** How long a deleted backup can come back; absent = a day. 0 = never: it goes at once. */
    readonly trashMs?: number;
  };
}

/** What looking at records takes: use cases that need no more say so, and run where no service does. */
export type RecordServices = Pick<Services, "records" | "now">;

/** Who asks: always a project of an authenticated user. */
export interface Caller {
  readonly projectId: string;
  readonly userId: string;
  readonly requestId: string;
}
