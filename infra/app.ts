/** What `cdk synth` and `cdk deploy` run (see cdk.json). */
import { holdfastApp } from "./holdfast-app.ts";

holdfastApp().synth();
