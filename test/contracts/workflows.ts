/** What every Workflows adapter promises: durable starts, once per name, AWS's limits on names and inputs. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../core/ports/record-store.ts";
import type { Workflows } from "../../core/ports/workflows.ts";

/** The machine that the suite runs as `delete-backup`; its task `delete-backup.act` is the harness's `act`. */
export const contractDefinition = {
  StartAt: "Act",
  States: {
    Act: { Type: "Task", Resource: `\${${"delete-backup.act"}}`, TimeoutSeconds: 30, End: true },
  },
};

/** An adapter under test. */
export interface WorkflowsHarness {
  readonly workflows: Workflows;
  /** Resolves when the execution has ended. */
  ended(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Runs the suite. `open` builds an adapter that runs {@link contractDefinition} with the given task. */
export function workflowsContract(
  adapter: string,
  open: (act: (input: JsonObject) => Promise<JsonObject>) => Promise<WorkflowsHarness>,
): void {
  describe(`${adapter} keeps the Workflows contract`, () => {
    let harness: WorkflowsHarness;
    let seen: JsonObject[];
    beforeEach(async () => {
      seen = [];
      harness = await open(async (input) => {
        seen.push(input);
        if (input.fail === true) throw new Error("as the input says");
        return {};
      });
    });
    afterEach(async () => await harness.close());

    it("runs what it started, with its input, and knows that it succeeded", async () => {
      expect(await harness.workflows.status("delete-backup", "one")).toBeUndefined();
      expect(await harness.workflows.start("delete-backup", "one", { id: "é", list: [1, null] })).toBe("started");
      expect(["running", "succeeded"]).toContain(await harness.workflows.status("delete-backup", "one"));
      await harness.ended("one");
      expect(await harness.workflows.status("delete-backup", "one")).toBe("succeeded");
      expect(seen).toEqual([{ id: "é", list: [1, null] }]);
    });

    it("records a failure as failed", async () => {
      await harness.workflows.start("delete-backup", "bad", { fail: true });
      await harness.ended("bad");
      expect(await harness.workflows.status("delete-backup", "bad")).toBe("failed");
    });

    it("starts once under a name, whatever the input and however the first one ended", async () => {
      await harness.workflows.start("delete-backup", "once", { fail: true });
      expect(await harness.workflows.start("delete-backup", "once", { fail: true })).toBe("exists");
      await harness.ended("once");
      expect(await harness.workflows.start("delete-backup", "once", { other: 1 })).toBe("exists");
      expect(await harness.workflows.status("delete-backup", "once")).toBe("failed");
      expect(seen).toHaveLength(1);
    });

    it("lets one of many parallel starts of a name win", async () => {
      const starts = Array.from({ length: 20 }, (_, n) => harness.workflows.start("delete-backup", "race", { n }));
      const answers = await Promise.all(starts);
      await harness.ended("race");
      expect(answers.filter((answer) => answer === "started")).toHaveLength(1);
      expect(seen).toHaveLength(1);
    });

    it.each(["", "a".repeat(81), "with space", "a/b", "a.b", "ü"])(
      "refuses the name %j and starts nothing",
      async (name) => {
        await expect(harness.workflows.start("delete-backup", name, {})).rejects.toThrow(/name/);
        expect(seen).toEqual([]);
      },
    );

    it("takes a name of 80 characters", async () => {
      const name = `Aa0_-${"x".repeat(75)}`;
      expect(await harness.workflows.start("delete-backup", name, {})).toBe("started");
      await harness.ended(name);
      expect(await harness.workflows.status("delete-backup", name)).toBe("succeeded");
    });

    it("takes an input of exactly 256 KiB of JSON and refuses one byte more", async () => {
      const fits = { text: "x".repeat(262_144 - '{"text":""}'.length) };
      expect(await harness.workflows.start("delete-backup", "fits", fits)).toBe("started");
      await harness.ended("fits");
      expect(await harness.workflows.status("delete-backup", "fits")).toBe("succeeded");
      await expect(harness.workflows.start("delete-backup", "big", { text: `${fits.text}x` })).rejects.toThrow(/input/);
      expect(await harness.workflows.status("delete-backup", "big")).toBeUndefined();
    });
  });
}
