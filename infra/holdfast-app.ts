/** Which CloudFormation stacks does a deployment have? */
import { App, Stack } from "aws-cdk-lib/core";

/**
 * The CDK application. Its one stack is empty: this version runs on one machine only, and what stands here is what
 * `cdk synth` is tested with until the AWS host arrives.
 */
export function holdfastApp(options: { outdir?: string } = {}): App {
  const app = new App(options);
  new Stack(app, "Holdfast", { description: "Holdfast: Cloud Backup and Recovery", analyticsReporting: false });
  return app;
}
