/** Do those who ask at once share a look, and never one that began before they asked? */
import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import type { FileIdentity, Openers } from "../../../adapters/local/images/openers.ts";
import { sharedLooks } from "../../../adapters/local/images/shared-looks.ts";

const file = (name: string): FileIdentity => ({ path: `/${name}`, dev: 1n, ino: BigInt(name.charCodeAt(0)) });

/** Each look waits until it is let go, and finds every file open by a process numbered as the look. */
function slow() {
  const looks: { readonly paths: string[]; end(error?: Error): void }[] = [];
  const view = sharedLooks({
    openersOf: (files) =>
      new Promise<Openers>((resolve, reject) => {
        const pid = looks.length + 1;
        const paths = files.map(({ path }) => path);
        looks.push({
          paths,
          end: (error) =>
            error === undefined
              ? resolve({
                  byFile: files.map(() => [{ pid, command: "x", how: "write", mayWrite: true }]),
                  gap: "some",
                })
              : reject(error),
        });
      }),
  });
  const ask = async (...names: string[]) => (await view.openersOf(names.map(file))).byFile.map(([one]) => one?.pid);
  return { looks, ask };
}
/** Until a look that is to begin has begun: it waits for a turn in which nobody more asks. */
async function begin(): Promise<void> {
  for (let turns = 3; turns > 0; turns--) await setImmediate();
}

it("who asks in one turn shares a look, each file once; who asks during it gets the next one", async () => {
  const { looks, ask } = slow();
  const first = [ask("a", "b"), ask("b"), ask()];
  await begin();
  const second = [ask("a"), ask("c")];
  await begin();
  expect(looks.map(({ paths }) => paths)).toEqual([["/a", "/b"]]);
  looks[0]?.end();
  expect(await Promise.all(first)).toEqual([[1, 1], [1], []]);
  await begin();
  expect(looks[1]?.paths).toEqual(["/a", "/c"]);
  looks[1]?.end();
  expect(await Promise.all(second)).toEqual([[2], [2]]);
  const third = ask("a");
  await begin();
  looks[2]?.end();
  expect(await third).toEqual([3]);
});

it("who comes one turn later, and one after that, is in the same look: it waits while more and more ask", async () => {
  const { looks, ask } = slow();
  const asked: ReturnType<typeof ask>[] = [];
  for (const name of ["a", "b", "c", "d"]) {
    // Begun before the look waits for its own: so the next one asks within that turn.
    const turn = setImmediate();
    asked.push(ask(name));
    await turn;
  }
  await begin();
  expect(looks.map(({ paths }) => paths)).toEqual([["/a", "/b", "/c", "/d"]]);
  looks[0]?.end();
  expect(await Promise.all(asked)).toEqual([[1], [1], [1], [1]]);
});

it("somebody who asks in every turn keeps nobody waiting for ever", async () => {
  const { looks, ask } = slow();
  const asked: ReturnType<typeof ask>[] = [];
  for (let turns = 0; looks.length === 0 && turns < 100; turns++) {
    const turn = setImmediate();
    asked.push(ask(`${turns}`));
    await turn;
  }
  expect(looks).toHaveLength(1);
  expect(asked.length).toBeLessThan(100);
});

it("a look that fails fails for those who shared it, and not for those after", async () => {
  const { looks, ask } = slow();
  const first = [ask("a"), ask("b")];
  await begin();
  const second = ask("a");
  looks[0]?.end(new Error("no /proc"));
  for (const one of first) await expect(one).rejects.toThrow("no /proc");
  await begin();
  looks[1]?.end();
  expect(await second).toEqual([2]);
});
