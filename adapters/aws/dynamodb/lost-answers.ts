/**
 * What if a write's answer is lost?
 *
 * An attempt that ends in a broken connection, a time-out or a 5xx may have been carried out. The SDK sends it again by
 * itself, and a conditional write that is sent again meets its own first attempt: it fails although it happened, or adds
 * twice. So a middleware stands inside the SDK's retry loop. It remembers lost answers, and, where a second attempt is not
 * the same as one, stops the SDK from sending it. What the SDK may send again in any case: what was refused (4xx,
 * throttling above all) and what never reached a server.
 */

/** A write whose answer was lost and whose outcome could not be found out: it happened or it did not, as after a crash. */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
}

/**
 * One lost answer. The failure is not in `cause`, where the SDK looks for a reason to send the request again.
 */
export class AnswerLost extends Error {
  override readonly name = "AnswerLost";
  readonly failure: unknown;
  constructor(failure: unknown) {
    super("the answer to a write was lost");
    this.failure = failure;
  }
}

/** Whether the answer to any attempt of a command was lost. */
export interface Losses {
  seen: boolean;
}

interface Hookable {
  readonly middlewareStack: {
    add(
      middleware: unknown,
      options: { readonly step: "deserialize"; readonly priority: "high"; readonly name: string },
    ): void;
  };
}

/**
 * The same command, telling of lost answers. With `resend` the SDK goes on sending it; without, it ends in AnswerLost.
 */
export function watched<Command extends Hookable>(command: Command, losses: Losses, resend: boolean): Command {
  command.middlewareStack.add(
    (next: (args: unknown) => Promise<unknown>) => async (args: unknown) => {
      try {
        return await next(args);
      } catch (error) {
        if (!isLost(error)) throw error;
        losses.seen = true;
        throw resend ? error : new AnswerLost(error);
      }
    },
    // Signing and retrying are done in the step before, so errors of neither come past here.
    { step: "deserialize", priority: "high", name: "lostAnswers" },
  );
  return command;
}

/** Failures of a connection that was never made. */
const NEVER_SENT: readonly unknown[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

/** Everything but a refusal is a lost answer, also an answer that cannot be read. */
function isLost(error: unknown): boolean {
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status < 400 || status >= 500;
  return !NEVER_SENT.includes(code);
}
