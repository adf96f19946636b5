/** What does every command have at hand? The service, and one place each for results and for remarks. */
import type { Command } from "commander";
import { type Client, connect } from "./client.ts";
import { type Connection, defaultDataDir, findConnection } from "./connection.ts";
import { CommandFailed } from "./failure.ts";

/** Options that every command has. */
interface GlobalOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export interface Context {
  readonly json: boolean;
  /** --data, or undefined when it was not given. */
  readonly data: string | undefined;
  /** undefined: there are no credentials, so no service has ever run here. @throws CommandFailed */
  connection(): Connection | undefined;
  /** @throws CommandFailed when there is nothing to connect to */
  client(): Promise<Client>;
  /** The result, once per command: the value as JSON with --json, else the text for people. */
  print(value: unknown, text: string): void;
  /** Anything else that people should know; on standard error. */
  note(text: string): void;
}

function createContext(options: GlobalOptions): Context {
  const { data } = options;
  const json = options.json === true;
  const connection = (): Connection | undefined => findConnection(data, process.env);
  return {
    json,
    data,
    connection,
    async client() {
      const found = connection();
      if (found !== undefined) return connect(found);
      throw new CommandFailed(
        `no service is known: ${data ?? defaultDataDir}/credentials.json does not exist. Start one with "holdfast serve", ` +
          "name its folder with --data DIR, or set HOLDFAST_URL, HOLDFAST_ACCESS_KEY and HOLDFAST_SECRET_KEY",
      );
    },
    print(value, text) {
      process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text}\n`);
    },
    note(text) {
      process.stderr.write(`${text}\n`);
    },
  };
}

/**
 * Turns `work(context, options, ...arguments)` into what commander calls: arguments first, then options and the command.
 * `Options` describes what the command declared; commander has checked it.
 */
export function action<Options, Arguments extends readonly unknown[]>(
  work: (context: Context, options: Options, ...args: Arguments) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    await work(createContext(options), options, ...(given.slice(0, -2) as unknown as Arguments));
  };
}

/** The example at the end of a command's --help. */
export const example = (...lines: string[]): string => `\nExample:\n${lines.map((line) => `  $ ${line}`).join("\n")}`;
