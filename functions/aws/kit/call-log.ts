/** Which AWS calls does a function make? Written down where a test asks for it. */
import { appendFileSync } from "node:fs";

/**
 * Appends a line of JSON for each call to the file that HOLDFAST_CALL_LOG names; does nothing without it. For tests on
 * emulators, which compare what was called with what each function's policy allows.
 */
export function callLog(
  env: Readonly<Record<string, string | undefined>>,
): (service: string, operation: string) => void {
  const file = env.HOLDFAST_CALL_LOG;
  if (file === undefined || file === "") return () => undefined;
  const name = env.AWS_LAMBDA_FUNCTION_NAME ?? "";
  return (service, operation) => appendFileSync(file, `${JSON.stringify({ function: name, service, operation })}\n`);
}
