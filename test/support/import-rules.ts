/** Who may import whom: the import rules of the layout (docs/developer/index.md), as dependency-cruiser rules. */
import type { IForbiddenRuleType } from "dependency-cruiser";

/** Everything of ours that is not listed, as seen from a folder that may import only what is listed. */
const ours = "^(core|adapters|functions|workflows|infra|local|cli|console|tools|test|bench)/";

/** A package, whether it was found in node_modules or not. */
const packages = (...names: string[]): string => `(^|node_modules/)(${names.join("|")})(/|$)`;

function only(name: string, from: string, allowed: readonly string[], comment: string): IForbiddenRuleType {
  return {
    name,
    comment,
    severity: "error",
    from: { path: from },
    to: { path: ours, pathNot: allowed.map((folder) => `^${folder}`) },
  };
}

/** Built-in modules that core may use: they only compute, or find code. No files, sockets, processes, threads, timers. */
const pureBuiltins = "^(crypto|zlib|buffer|util|module)$";

/** The rules, each with the reason that is printed when it is broken. */
export const importRules: IForbiddenRuleType[] = [
  only("domain-is-pure", "^core/domain/", ["core/domain/"], "the domain imports nothing outside itself"),
  {
    name: "domain-has-no-libraries",
    comment: "the domain imports nothing outside itself, not even a package or a built-in module",
    severity: "error",
    from: { path: "^core/domain/" },
    to: { pathNot: "^core/domain/" },
  },
  only("ports", "^core/ports/", ["core/ports/", "core/domain/"], "ports import the domain and other ports"),
  only(
    "engine",
    "^core/engine/",
    ["core/engine/", "core/ports/", "core/domain/"],
    "the engine imports ports and domain",
  ),
  only("app", "^core/app/", ["core/app/", "core/ports/", "core/domain/"], "use cases import ports and domain"),
  only("adapters", "^adapters/", ["adapters/", "core/ports/", "core/domain/"], "adapters import ports and domain"),
  {
    name: "adapters-do-not-mix",
    comment: "an adapter knows nothing of the other host",
    severity: "error",
    from: { path: "^adapters/([^/]+)/" },
    to: { path: "^adapters/", pathNot: "^adapters/$1/" },
  },
  only("workflows", "^workflows/", ["workflows/"], "workflows import only themselves"),
  only(
    "functions",
    "^functions/",
    ["functions/", "core/", "workflows/", "adapters/aws/"],
    "functions wire the core; the one-machine adapters are wired in local/",
  ),
  only(
    "infra",
    "^infra/",
    ["infra/", "functions/", "workflows/", "adapters/aws/dynamodb/table.ts", "tools/kept-files.ts"],
    "infra imports workflows, routes, env schemas, the table's description and what keeps its bundles",
  ),
  only("tools", "^tools/", ["tools/"], "tools are run beside the product, and read its files"),
  only(
    "hosts",
    "^(local|cli)/",
    ["local/", "cli/", "core/", "adapters/local/", "functions/", "workflows/"],
    "local and cli wire the one-machine host",
  ),
  {
    name: "core-touches-nothing",
    comment: "core has no files, sockets, processes, threads or timers of its own: that is what ports are for",
    severity: "error",
    from: { path: "^core/" },
    to: { dependencyTypes: ["core"], pathNot: pureBuiltins },
  },
  {
    name: "aws-sdk-only-in-adapters",
    comment: "the AWS SDK is used in adapters/aws only",
    severity: "error",
    from: { pathNot: "^(adapters/aws|test|bench)/" },
    to: { path: packages("@aws-sdk", "@smithy", "aws-sdk") },
  },
  {
    name: "cdk-only-in-infra",
    comment: "the CDK is used in infra only",
    severity: "error",
    from: { pathNot: "^(infra|test)/" },
    to: { path: packages("aws-cdk-lib", "aws-cdk", "constructs") },
  },
  {
    name: "no-tests-in-the-product",
    comment: "tests, benches and their tools are not part of the product",
    severity: "error",
    from: { path: "^(core|adapters|functions|workflows|local|cli)/" },
    to: { path: packages("vitest", "fast-check", "dependency-cruiser", "knip", "typescript", "@biomejs") },
  },
  {
    name: "no-cycles",
    comment: "modules that import each other cannot be understood one by one",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "everything-resolves",
    comment: "an import that the checker cannot resolve is an import that it cannot judge",
    severity: "error",
    from: { path: ours },
    to: { couldNotResolve: true },
  },
];
