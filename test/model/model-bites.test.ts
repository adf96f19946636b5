/** Does the model find a broken rule? Each is broken on purpose, between the service and its record store. */
import { expect, test } from "vitest";
import type { JsonObject, Write } from "../../core/ports/record-store.ts";
import { runModel } from "./run.ts";

type Put = Extract<Write, { readonly op: "put" }>;

/** Leaves out what it names. */
const without = (is: (write: Put) => boolean) => (writes: readonly Write[]) =>
  writes.filter((write) => write.op !== "put" || !is(write));
/** Writes something else in its place. */
const instead =
  (is: (write: Put, all: readonly Write[]) => boolean, change: (body: JsonObject) => JsonObject) =>
  (writes: readonly Write[]) =>
    writes.map((write) =>
      write.op === "put" && is(write, writes)
        ? { ...write, item: { ...write.item, body: change(write.item.body) } }
        : write,
    );

test.each([
  {
    rule: "a resource that is bound is claimed",
    spoil: without(({ item }) => item.pk.startsWith("C#")),
    found: "without a claim",
  },
  {
    rule: "a deletion lowers `used`",
    spoil: instead(
      ({ item }, all) => item.sk.startsWith("R#") && all.some((w) => w.op === "put" && w.item.sk === "T"),
      (body) => ({ ...body, used: Number(body.used) + 4096 }),
    ),
    found: "its chains sum up to",
  },
  {
    rule: "what a backup adds is what has changed on the disk",
    spoil: instead(
      ({ item }) => item.sk.startsWith("R#") || item.pk.startsWith("CH#"),
      (body) =>
        body.change === undefined
          ? { ...body, used: Number(body.used) + Number(body.backups) }
          : { ...body, change: Number(body.change) + 1 },
    ),
    found: "bytes changed",
  },
  {
    rule: "a point that nobody saw is missed",
    spoil: without(({ item }) => item.pk.startsWith("L#") && item.body.state === "missed"),
    found: "ledger: vault",
  },
  {
    rule: "only an available backup is restored, and is available again",
    spoil: instead(
      ({ item }) => item.pk.startsWith("B#") && item.body.status === "restoring",
      (body) => ({ ...body, status: "error" }),
    ),
    found: "illegal transition",
  },
  {
    rule: "what was acknowledged is there",
    spoil: without(({ item }) => item.pk.startsWith("P#") && item.sk.startsWith("POL#")),
    found: "was acknowledged, and is not there",
  },
])("when it is broken that $rule, a random sequence finds it", { timeout: 120_000 }, async ({ spoil, found }) => {
  const { failure } = await runModel({ seed: 1, sequences: 200, budgetMs: 60_000, asFound: true, spoil });
  expect(failure).toContain(found);
});
