/** What does a function of the AWS host work with? The services, made from the parts that the function was given. */
import { randomBytes, randomUUID } from "node:crypto";
import { createKeyring } from "../../core/app/repository/keyring.ts";
import type { Services } from "../../core/app/services.ts";
import type { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import type { Metrics } from "../../core/ports/metrics.ts";
import type { VariableName, variable } from "./env.ts";

/** What is there for every part of a function. */
export interface Host {
  /** One variable of the function. @throws EnvironmentInvalid */
  readonly variable: <Name extends VariableName>(name: Name) => ReturnType<typeof variable<Name>>;
  /** Told of each call of an AWS service. */
  readonly onCall: (service: string, operation: string) => void;
  readonly log: Services["log"];
  readonly metrics: Metrics;
}

/** What parts make of the host; each is called at most once, when it is first needed. */
interface Made {
  readonly records: Pick<Services, "records">;
  readonly objects: Pick<Services, "objects">;
  readonly keys: Pick<Services, "keys">;
  readonly ec2: Pick<Services, "resources">;
  readonly targets: Pick<Services, "targets">;
  readonly blocks: { readonly blocks: BlockAccess };
  /** A part because functions that move no data start faster without it. */
  readonly engine: { readonly createDataPlane: typeof createDataPlane };
  readonly workflows: Pick<Services, "workflows">;
  readonly notifier: Pick<Services, "notifier">;
}

/** A part of a function: what it makes, by its name. An entry imports those that it needs, and so do bundles. */
export type Parts = { readonly [Name in keyof Made]?: (host: Host) => Made[Name] };

/** A use case touched something that its function is not wired to: functions.ts and the function's entry must name it. */
class PartMissing extends Error {
  override readonly name = "PartMissing";
}

/**
 * The services of one function. Nothing is made before it is touched: a cold start pays for what its first call uses.
 * @throws PartMissing on touching what the parts do not make
 */
export function servicesOf(host: Host, parts: Parts): Services {
  const part = <Name extends keyof Made>(name: Name): (() => Made[Name]) =>
    once(() => {
      const make = parts[name] as ((given: Host) => Made[Name]) | undefined;
      if (make === undefined) throw new PartMissing(`this function is not wired to "${name}"`);
      return make(host);
    });
  const records = part("records");
  const objects = part("objects");
  const keys = part("keys");
  const ec2 = part("ec2");
  const targets = part("targets");
  const blocks = part("blocks");
  const engine = part("engine");
  const workflows = part("workflows");
  const notifier = part("notifier");
  // Opened when a unit runs: sealing and comparing roots needs no blocks.
  const access: BlockAccess = {
    openSource: async (snapshot) => blocks().blocks.openSource(snapshot),
    openTarget: async (target) => blocks().blocks.openTarget(target),
  };
  const random = (n: number): Uint8Array => new Uint8Array(randomBytes(n));
  const keyring = once(() => createKeyring({ objects: objects().objects, keys: keys().keys, randomBytes: random }));
  const dataPlane = once(() => engine().createDataPlane({ objects: objects().objects, blocks: access }));
  return {
    get records() {
      return records().records;
    },
    get objects() {
      return objects().objects;
    },
    get keys() {
      return keys().keys;
    },
    get keyring() {
      return keyring();
    },
    get resources() {
      return ec2().resources;
    },
    get targets() {
      return targets().targets;
    },
    get workflows() {
      return workflows().workflows;
    },
    get dataPlane() {
      return dataPlane();
    },
    get notifier() {
      return notifier().notifier;
    },
    metrics: host.metrics,
    log: host.log,
    now: () => Date.now(),
    newId: () => randomUUID(),
    randomBytes: random,
    get tuning() {
      return {
        level: host.variable("HOLDFAST_LEVEL"),
        unitBudgetMs: host.variable("HOLDFAST_UNIT_BUDGET_MS"),
        mostGroups: host.variable("HOLDFAST_MOST_GROUPS"),
      };
    },
  };
}

/** Makes it at the first call; one that failed is made anew. */
function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
