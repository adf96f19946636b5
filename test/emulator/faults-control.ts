/** How does a test of faults say which calls fail, and see that they did? */
import { inject } from "vitest";
import type { FaultState } from "../support/emulators/fault-proxy.ts";
import type { FaultRule, RuleState } from "../support/emulators/fault-proxy-rules.ts";
import { until } from "./faults-until.ts";

/** One rule in force. */
export interface Faulty {
  state(): Promise<RuleState>;
  /** Resolves when it has made so many calls fail. */
  hits(count: number): Promise<void>;
  end(): Promise<void>;
}

async function ask(method: string, path = "", body?: unknown): Promise<unknown> {
  const { faults } = inject("aws");
  if (faults === undefined) throw new Error("there is no fault proxy");
  const answer = await fetch(`${faults}/_faults${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return answer.json();
}

/** Makes calls of all functions fail from now on. */
export async function faulty(rule: FaultRule): Promise<Faulty> {
  const { id } = (await ask("POST", "", rule)) as { readonly id: number };
  const state = async () => {
    const found = ((await ask("GET")) as FaultState).rules.find((one) => one.id === id);
    if (found === undefined) throw new Error(`rule ${id} is not in force`);
    return found;
  };
  return {
    state,
    hits: (count) =>
      until(`rule ${id} hit ${count} calls`, async () => (await state()).hit >= count || undefined).then(
        () => undefined,
      ),
    end: async () => void (await ask("DELETE", `/${id}`)),
  };
}

/** Ends every rule: what a test that failed left must not fail the next one. */
export async function endFaults(): Promise<void> {
  for (const { id } of ((await ask("GET")) as FaultState).rules) await ask("DELETE", `/${id}`);
}

/** Does something while calls fail. At least one must have: a fault that hits nothing proves nothing. */
export async function whileFaulty<T>(rules: readonly FaultRule[], work: () => Promise<T>): Promise<T> {
  const all = await Promise.all(rules.map(faulty));
  try {
    const result = await work();
    for (const one of all) {
      const { hit, seen } = await one.state();
      if (hit === 0) throw new Error(`of ${seen} calls none failed: ${JSON.stringify((await one.state()).rule)}`);
    }
    return result;
  } finally {
    await Promise.all(all.map((one) => one.end()));
  }
}

/** Retries and waits of workflows take that many times as long as they say; 1 is the emulator's own. */
export async function scaleWaits(factor: number): Promise<void> {
  const body = JSON.stringify({ "stepfunctions._SFN_WAIT_SCALE": factor });
  const answer = await fetch(`${inject("aws").aws}/_ministack/config`, { method: "POST", body });
  if (!answer.ok) throw new Error(`the emulator refused: ${answer.status} ${await answer.text()}`);
}
