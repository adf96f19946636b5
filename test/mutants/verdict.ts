/** Did a test notice the mutant, and was it the one that says so in its name? Judged by what the test runner reports. */
import { idsIn } from "../behaviours/table.ts";

/** One test as it ended. */
export interface EndedTest {
  /** With the names of what it stands in. */
  readonly fullName: string;
  readonly title: string;
  readonly status: string;
  /** Why it failed. */
  readonly messages: readonly string[];
}

export type Verdict =
  /** The names of the red tests that quote the behaviour. */
  | { readonly kind: "caught"; readonly tests: readonly string[] }
  /** All is green: the rule is in no test. */
  | { readonly kind: "survived" }
  /** Tests are red, and none of them says that it holds this rule. */
  | { readonly kind: "unquoted"; readonly tests: readonly string[] }
  /** What ran was no program any more, or not all of it ran: that says nothing of the rule. */
  | { readonly kind: "broken"; readonly why: string };

/** A name or a bracket that is missing is no broken rule. */
const NO_PROGRAM = /\b(SyntaxError|ReferenceError|Transform failed)\b/;

/** Those whose names quote the behaviour. */
export const quoting = (id: string, tests: readonly EndedTest[]): readonly EndedTest[] =>
  tests.filter(({ fullName }) => idsIn(fullName).includes(id));

/**
 * `without`: how many tests the file has when nothing is broken. `tests` is undefined when the runner gave no report: it could not
 * begin, or did not end in time.
 */
export function judge(id: string, tests: readonly EndedTest[] | undefined, without: number): Verdict {
  if (tests === undefined) return { kind: "broken", why: "the tests did not end, or could not begin" };
  if (tests.length !== without)
    return { kind: "broken", why: `${tests.length} tests were found instead of ${without}` };
  const red = tests.filter(({ status }) => status === "failed");
  const noProgram = red.flatMap(({ messages }) => messages).find((message) => NO_PROGRAM.test(message));
  if (noProgram !== undefined) return { kind: "broken", why: noProgram.split("\n")[0] ?? "" };
  if (red.length === 0) return { kind: "survived" };
  const own = quoting(id, red);
  return own.length > 0
    ? { kind: "caught", tests: own.map(({ fullName }) => fullName) }
    : { kind: "unquoted", tests: red.map(({ fullName }) => fullName) };
}
