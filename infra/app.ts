/** What `cdk synth` and `cdk deploy` run (see cdk.json). */
import { App } from "aws-cdk-lib/core";
import { addStacks, bundledCode } from "./holdfast-app.ts";
import { OptionInvalid, readOptions } from "./options.ts";

try {
  const app = new App();
  const options = readOptions(app.node.getAllContext());
  addStacks(app, options, await bundledCode());
  app.synth();
} catch (error) {
  if (!(error instanceof OptionInvalid)) throw error;
  // The operator's mistake: no stack trace.
  console.error(error.message);
  process.exitCode = 1;
}
