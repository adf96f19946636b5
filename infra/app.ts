/** What `cdk synth` and `cdk deploy` run (see cdk.json). */
import { bundledCode, holdfastApp } from "./holdfast-app.ts";
import { OptionInvalid } from "./options.ts";

try {
  holdfastApp({}, await bundledCode()).synth();
} catch (error) {
  if (!(error instanceof OptionInvalid)) throw error;
  // The operator's mistake: no stack trace.
  console.error(error.message);
  process.exitCode = 1;
}
