/** Does an execution survive kill -9 at every gap: exactly its sequence, recorded outputs used, nothing lost? */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Effect, outcomeOf, runScenario } from "./workflows-crash-scenario.ts";

const child = fileURLToPath(new URL("./workflows-crash-child.ts", import.meta.url));
const folders: string[] = [];
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-crash-"));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Which effect it is: the task, for which member, in which round. */
function place({ task, input }: Effect): string {
  const { id, transfer } = input as { id?: string; transfer?: { cursor: number } };
  return `${task} ${id ?? ""} ${task.endsWith("transfer") ? (transfer?.cursor ?? 0) : ""}`.trim();
}

describe("an execution that is killed", () => {
  const moments: string[] = [];
  let expected: string[] = [];

  beforeAll(async () => {
    const folder = newFolder();
    await runScenario(folder, "whole", (moment, task) => void moments.push(`${moment} ${task}`));
    expected = outcomeOf(folder).effects.map(place);
  });

  it("passes the moments that matter: between start and first task, in tasks, in children, after the last one", () => {
    expect(moments[0]).toBe("before backup.prepare");
    expect(moments.at(-1)).toBe("recorded backup.conclude");
    expect(moments).toContain("in-task backup-member.transfer");
    expect(moments).toContain("recorded arn:aws:states:::states:startExecution.sync:2");
    expect(expected).toEqual([
      "backup.prepare",
      ...["a", "b"].flatMap((id) => [
        `backup-member.open ${id}`,
        `backup-member.transfer ${id} 0`,
        `backup-member.transfer ${id} 1`,
        `backup-member.seal ${id}`,
      ]),
      "backup.conclude",
    ]);
  });

  it("at any of these moments completes its sequence after a restart; only what was not recorded is done again", async () => {
    expect(moments.length).toBeGreaterThan(40);
    for (const [at, moment] of moments.entries()) {
      const folder = newFolder();
      const running = spawn(process.execPath, [child, folder, String(at)], { stdio: "inherit" });
      const [, signal] = await once(running, "exit");
      expect(signal, moment).toBe("SIGKILL");
      const before = outcomeOf(folder).effects;
      await runScenario(folder, "second", () => undefined);
      const { effects, status } = outcomeOf(folder);
      expect(status, moment).toBe("succeeded");

      // Exactly the sequence, where only the effect that the kill cut off from its record may stand twice.
      const again = effects.slice(before.length).map(place);
      const lost = /^(in-task|effect) backup/.test(moment);
      const done = before.map(place).slice(0, lost ? -1 : undefined);
      expect([...done, ...again], moment).toEqual(expected);

      // What was recorded is what later tasks got: the second process never made up an output of the first.
      const conclude = effects.findLast((effect) => effect.task === "backup.conclude")?.input as {
        prepared: { by: string };
        members: { by: string; id: string }[];
      };
      const makers = new Map(
        [...before.slice(0, done.length), ...effects.slice(before.length)].map((e) => [place(e), e.by]),
      );
      expect(conclude.prepared.by, moment).toBe(makers.get("backup.prepare"));
      expect(conclude.members, moment).toEqual(
        ["a", "b"].map((id) => ({ by: makers.get(`backup-member.seal ${id}`), id })),
      );
    }
  }, 180_000);
});
