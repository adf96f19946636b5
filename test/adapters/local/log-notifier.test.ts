/** Does the log keep the promises of a notifier? */
import { expect, test } from "vitest";
import { createLogNotifier } from "../../../adapters/local/log-notifier.ts";
import type { Notice } from "../../../core/ports/notifier.ts";
import { notifierContract } from "../../contracts/notifier.ts";

function open() {
  const lines: string[] = [];
  let broken = false;
  const notifier = createLogNotifier((line) => {
    if (broken) throw new Error("EPIPE");
    lines.push(line);
  });
  const parsed = () => lines.map((line) => JSON.parse(line) as Notice & { readonly lost?: number });
  return {
    notifier,
    lines,
    parsed,
    arrived: async () =>
      parsed().map(({ severity, topic, projectId, message, facts }) => ({
        severity,
        topic,
        projectId,
        message,
        facts,
      })),
    setBroken: (now: boolean) => {
      broken = now;
    },
  };
}

notifierContract("log", open);

const notice: Notice = { severity: "warning", topic: "t", projectId: "p", message: "two\nlines", facts: {} };

test("a notice is one line of JSON", async () => {
  const { notifier, lines } = open();
  await notifier.notify(notice);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain("\n");
});

test("the first line that can be written again says how many were lost, the next one nothing", async () => {
  const { notifier, parsed, setBroken } = open();
  setBroken(true);
  await notifier.notify(notice);
  await notifier.notify(notice);
  setBroken(false);
  await notifier.notify(notice);
  await notifier.notify(notice);
  expect(parsed().map((one) => one.lost)).toEqual([2, undefined]);
});
