/** Do the policies allow what is called, and is what they allow called? */
import { needsOf } from "./actions.ts";

/** One line of the file that HOLDFAST_CALL_LOG names. */
export interface RecordedCall {
  /** Physical name: `<deployment>-<function>`. */
  readonly function: string;
  readonly service: string;
  readonly operation: string;
}

/** Why something is allowed that no test calls. */
export interface Unused {
  readonly functions: "every" | readonly string[];
  /** Absent: the function is never called at all, so none of its actions is. */
  readonly actions?: readonly string[];
  /** Whether it is called depends on time or on who is faster: the reason holds as long as it is allowed. */
  readonly sometimes?: true;
  readonly reason: string;
}

export interface Comparison {
  /** Calls that would be refused on AWS: `function: action (service Operation)`. */
  readonly missing: readonly string[];
  /** Allowed, never called, no reason: `function: action`. */
  readonly unexplained: readonly string[];
  /** Reasons for what is called by now, or not allowed any more. */
  readonly stale: readonly string[];
}

/**
 * Compares recorded calls with policies.
 * @param policies the actions that each function is allowed
 * @throws CallUnknown; TypeError for a call of a function that has no policy
 */
export function compareCalls(
  recorded: readonly RecordedCall[],
  policies: Readonly<Record<string, readonly string[]>>,
  reasons: readonly Unused[],
): Comparison {
  const missing = new Set<string>();
  const used = new Map<string, Set<string>>();
  for (const { function: physical, service, operation } of recorded) {
    // A deployment's name has no hyphen (options.ts).
    const fn = physical.slice(physical.indexOf("-") + 1);
    const allowed = policies[fn];
    if (allowed === undefined) throw new TypeError(`${physical} called ${service} ${operation}, but has no policy`);
    const { all, some = [], also = [] } = needsOf(service, operation);
    const call = `(${service} ${operation})`;
    for (const action of all) if (!allowed.includes(action)) missing.add(`${fn}: ${action} ${call}`);
    if (some.length > 0 && !some.some((action) => allowed.includes(action)))
      missing.add(`${fn}: one of ${some.join(", ")} ${call}`);
    const called = used.get(fn) ?? new Set();
    for (const action of [...all, ...some, ...also]) called.add(action);
    used.set(fn, called);
  }
  const unused = Object.entries(policies).flatMap(([fn, allowed]) =>
    [...new Set(allowed)].filter((action) => !used.get(fn)?.has(action)).map((action) => ({ fn, action })),
  );
  const explains = ({ functions, actions }: Unused, { fn, action }: { fn: string; action: string }): boolean => {
    if (functions !== "every" && !functions.includes(fn)) return false;
    return actions === undefined ? !used.has(fn) : actions.includes(action);
  };
  const isAllowed = ({ functions, actions }: Unused): boolean =>
    Object.entries(policies).some(
      ([fn, allowed]) =>
        (functions === "every" || functions.includes(fn)) &&
        (actions === undefined || actions.some((action) => allowed.includes(action))),
    );
  // Every function and every action that a reason names must need it.
  const stale = reasons
    .flatMap(partsOf)
    .filter((part) => (part.sometimes ? !isAllowed(part) : !unused.some((what) => explains(part, what))))
    .map((part) => `${part.functions} ${part.actions ?? "all actions"}: ${part.reason}`);
  return {
    missing: [...missing].sort(),
    unexplained: unused
      .filter((what) => !reasons.some((reason) => explains(reason, what)))
      .map(({ fn, action }) => `${fn}: ${action}`)
      .sort(),
    stale,
  };
}

/** A reason for one function and one action each. */
function partsOf(reason: Unused): readonly Unused[] {
  const { functions, actions } = reason;
  const byFunction = functions === "every" ? [reason] : functions.map((fn) => ({ ...reason, functions: [fn] }));
  if (actions === undefined) return byFunction;
  return byFunction.flatMap((one) => actions.map((action) => ({ ...one, actions: [action] })));
}
