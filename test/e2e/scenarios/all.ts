/** Every scenario, for one host. */
import { afterAll, beforeAll, describe } from "vitest";
import { diskScenario } from "./disk.ts";
import type { ScenarioHost } from "./host.ts";
import { identityScenarios } from "./identity.ts";
import { patchScenario } from "./patches.ts";
import { policyScenario } from "./policies.ts";
import { refusalScenarios } from "./refusals.ts";
import { serverScenario } from "./server.ts";

/** Declares the tests; the host is opened before the first and disposed of after the last. */
export function scenarios(name: string, open: () => Promise<ScenarioHost>): void {
  describe(`the scenarios on ${name}`, () => {
    let opened: ScenarioHost | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.dispose());
    const host = (): ScenarioHost => {
      if (opened === undefined) throw new Error("the host is not open");
      return opened;
    };
    identityScenarios(host);
    refusalScenarios(host);
    policyScenario(host);
    serverScenario(host);
    diskScenario(host);
    patchScenario(host);
  });
}
