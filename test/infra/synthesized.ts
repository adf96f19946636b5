/** Templates of a deployment for tests, made once per set of options; without the functions' code. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib/core";
import { afterAll } from "vitest";
import { addStacks } from "../../infra/holdfast-app.ts";
import { readOptions } from "../../infra/options.ts";

/** A resource of a template, as far as tests look at it. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: templates have as many shapes as AWS has resources
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}

export interface Synthesized {
  readonly app: App;
  /** By stack name. */
  readonly stacks: ReadonlyMap<string, Readonly<Record<string, Resource>>>;
  /** All resources of one type, over all stacks, with their logical ids. */
  readonly ofType: (type: string) => readonly (readonly [string, Resource])[];
  readonly terminationProtection: (stack: string) => boolean;
  /** The templates as they would be deployed. */
  readonly text: string;
}

const folder = mkdtempSync(join(tmpdir(), "holdfast-synth-"));
const stub = join(folder, "stub");
mkdirSync(stub);
writeFileSync(join(stub, "index.mjs"), "export const handler = async () => ({});\n");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const made = new Map<string, Synthesized>();

// Seconds a synthesis; synth.test.ts runs the validation once.
process.env.CDK_VALIDATION = "false";

/** The deployment with these options, as `-c` gives them. */
export function synthesize(context: Readonly<Record<string, unknown>> = {}): Synthesized {
  const key = JSON.stringify(context);
  const known = made.get(key);
  if (known !== undefined) return known;
  const outdir = join(folder, `out-${made.size}`);
  const app = new App({ outdir, context: { ...context } });
  addStacks(app, readOptions(app.node.getAllContext()), () => stub);
  const assembly = app.synth();
  const stacks = new Map<string, Record<string, Resource>>(
    assembly.stacks.map((stack) => [stack.stackName, stack.template.Resources]),
  );
  const all = [...stacks.values()].flatMap((resources) => Object.entries(resources));
  const synthesized: Synthesized = {
    app,
    stacks,
    ofType: (type) => all.filter(([, resource]) => resource.Type === type),
    terminationProtection: (name) => assembly.getStackByName(name).terminationProtection ?? false,
    text: JSON.stringify(assembly.stacks.map((stack) => stack.template)),
  };
  made.set(key, synthesized);
  return synthesized;
}

/** A statement of any policy in the templates. */
export interface AnyStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: unknown;
  readonly Condition?: unknown;
  readonly Principal?: unknown;
}

/** Every policy statement anywhere, with the logical id of its resource and the path to it. */
export function statements({ stacks }: Synthesized): readonly (readonly [string, AnyStatement])[] {
  const found: (readonly [string, AnyStatement])[] = [];
  const walk = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("Effect" in value && ("Action" in value || "NotAction" in value)) found.push([path, value as AnyStatement]);
    for (const [key, inner] of Object.entries(value)) walk(`${path}.${key}`, inner);
  };
  for (const resources of stacks.values()) for (const [id, resource] of Object.entries(resources)) walk(id, resource);
  return found;
}

export const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

/** A text with intrinsic functions, readable: `arn:<AWS::Partition>:s3:::…`. */
export function readable(value: unknown): string {
  if (typeof value === "string") return value;
  const node = value as Record<string, unknown>;
  if (Array.isArray(node["Fn::Join"])) {
    const [separator, parts] = node["Fn::Join"] as [string, unknown[]];
    return parts.map(readable).join(separator);
  }
  if (typeof node.Ref === "string") return `<${node.Ref}>`;
  return `<${JSON.stringify(value)}>`;
}
