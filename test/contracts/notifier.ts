/** What does every notifier promise? */
import { describe, expect, test } from "vitest";
import type { Notice, Notifier } from "../../core/ports/notifier.ts";

export interface NotifierUnderTest {
  readonly notifier: Notifier;
  /** What arrived, oldest first. */
  arrived(): Promise<readonly Notice[]>;
  /** From now on nothing can be delivered (true), or everything again (false). */
  setBroken(broken: boolean): void;
}

/** Runs every promise on notifiers that `open` makes. */
export function notifierContract(name: string, open: () => NotifierUnderTest): void {
  const notice: Notice = {
    severity: "critical",
    topic: "backup.failed",
    projectId: "p1",
    message: 'disk "a"\nis gone \u2028',
    facts: { backupId: "b1", attempts: 2, final: true, cause: null },
  };

  describe(`notifier: ${name}`, () => {
    test("a notice arrives whole, in order with others", async () => {
      const { notifier, arrived } = open();
      const second: Notice = { ...notice, severity: "info", topic: "backup.done", facts: {} };
      await notifier.notify(notice);
      await notifier.notify(second);
      expect(await arrived()).toEqual([notice, second]);
    });

    test("a broken channel never throws into the work that reports, and later notices arrive", async () => {
      const { notifier, arrived, setBroken } = open();
      setBroken(true);
      await notifier.notify(notice);
      setBroken(false);
      await notifier.notify({ ...notice, topic: "later" });
      expect((await arrived()).map((one) => one.topic)).toEqual(["later"]);
    });
  });
}
