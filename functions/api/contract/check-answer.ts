/** Is an answer what the contract promises? For tests: in service an answer goes out as it is. */
import type { ApiResponse } from "../kit/request.ts";
import type { OperationName } from "../operations.ts";
import { refused } from "./answers.ts";
import { CONTRACT, type OperationContract } from "./contract.ts";
import { givenBy, unknownIn } from "./refusals.ts";

/**
 * For `createApi`'s `inspect`. @param asked names that the handler read from the query
 * @throws Error that names the operation and each member that is not as promised
 */
export function checkAnswer(name: string, { status, body }: ApiResponse, asked: ReadonlySet<string>): void {
  const contract: OperationContract | undefined = CONTRACT[name as OperationName];
  const untold = [...asked].filter((parameter) => !(parameter in (contract?.query ?? {})));
  if (untold.length > 0)
    throw new Error(`${name} reads ${untold.join(", ")} from the query, which its contract does not name`);
  if (status >= 400) checkCode(name as OperationName, body);
  const promised = contract?.answers[status];
  if (promised === null) {
    if (body !== undefined) throw new Error(`${name} answers ${status} with a body`);
    return;
  }
  const schema = promised ?? (status >= 400 ? refused : undefined);
  if (schema === undefined) throw new Error(`${name} answers ${status}, which its contract does not know`);
  // As a client gets it: what JSON leaves out is not there.
  const parsed = schema.safeParse(body === undefined ? undefined : JSON.parse(JSON.stringify(body)));
  if (parsed.success) return;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  throw new Error(`${name} answers ${status} otherwise than promised: ${issues.join("; ")}`);
}

/** A refusal with a code that the contract does not give to the operation: a client could not know of it. */
function checkCode(name: OperationName, body: unknown): void {
  const given = givenBy(name);
  const [, code] = /^BackupService\.(\d{4})$/.exec(String((body as { error_code?: unknown })?.error_code)) ?? [];
  if (given === undefined || code === undefined || code === "9900") return;
  if (![...given, ...unknownIn(name)].some((known) => known === code))
    throw new Error(`${name} refuses with ${code}, which its contract does not name (refusals.ts)`);
}
