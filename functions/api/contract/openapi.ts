/** The OpenAPI 3.1 description of the API, made from the operation table and the contract. */
import { z } from "zod";
import { FAULTS } from "../../../core/domain/fault-codes.ts";
import type { Route } from "../kit/request.ts";
import { speaksKeystone } from "../kit/wire-errors.ts";
import { OPERATIONS, type OperationName } from "../operations.ts";
import { refused } from "./answers.ts";
import { CONTRACT, type OperationContract } from "./contract.ts";
import { refusedByKeystone } from "./identity-answers.ts";
import { givenBy, unknownIn } from "./refusals.ts";

type Json = Readonly<Record<string, unknown>>;
type Method = Route<never>["method"];

const TITLE = "Holdfast";
const ABOUT =
  "Cloud Backup and Recovery (CBR) v3, and what is ours below `/holdfast`. Every answer carries X-Request-Id; every refusal names the field and the rule.";

/** Groups of operations, by the number in the contract or the name of ours. */
const GROUPS: readonly (readonly [from: number, tag: string])[] = [
  [1, "versions"],
  [3, "vaults"],
  [19, "policies"],
  [24, "organization policies"],
  [30, "checkpoints"],
  [34, "backups"],
  [42, "sharing"],
  [47, "tasks"],
  [49, "protectability"],
  [53, "tags"],
  [59, "agents"],
  [66, "billing"],
  [69, "features"],
  [71, "account"],
];

/** The whole document. `version`: of this program. */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const shared = new Map<string, Json>();
  const seen = new Map<string, number>();
  for (const [op, name, method, path, auth] of OPERATIONS) {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = operation({
      name,
      // A name that stands twice has two spellings on the wire; ids are unique.
      operationId: times === 1 ? name : `${name}${times}`,
      tag: typeof op === "number" ? tagOf(op) : op,
      method,
      path,
      open: auth === "none",
      schema: (type, io) => schemaOf(type, io, shared),
    });
  }
  return {
    openapi: "3.1.0",
    info: { title: TITLE, version, description: ABOUT, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "http://127.0.0.1:8700", description: "one machine" }],
    security: [{ token: [] }, { signature: [] }],
    tags: [...new Set(OPERATIONS.map(([op]) => (typeof op === "number" ? tagOf(op) : op)))].map((tag) => ({
      name: tag,
    })),
    paths,
    components: {
      schemas: Object.fromEntries([...shared].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        token: { type: "apiKey", in: "header", name: "X-Auth-Token" },
        signature: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description: "SDK-HMAC-SHA256, flat or scoped, over the request and X-Sdk-Date",
        },
      },
    },
  };
}

const tagOf = (op: number): string => GROUPS.findLast(([from]) => op >= from)?.[1] ?? "versions";

interface Described {
  readonly name: OperationName;
  readonly operationId: string;
  readonly tag: string;
  readonly method: Method;
  readonly path: string;
  readonly open: boolean;
  readonly schema: (type: z.ZodType, io: "input" | "output") => Json;
}

function operation({ name, operationId, tag, path, open, schema }: Described): Json {
  const contract: OperationContract | undefined = CONTRACT[name];
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
    name: parameter,
    in: "path",
    required: true,
    schema: { type: "string", minLength: 1, maxLength: 255 },
  }));
  const inQuery = Object.entries(contract?.query ?? {}).map(([parameter, type]) => ({
    name: parameter,
    in: "query",
    required: false,
    schema: schema(type, "input"),
  }));
  const refusal = {
    description: refusedWith(name),
    content: content(schema(speaksKeystone(path) ? refusedByKeystone : refused, "output")),
  };
  return {
    operationId,
    tags: [tag],
    summary: contract?.summary ?? `${name}: not built yet, answers 501`,
    ...(open && { security: [] }),
    parameters: [...inPath, ...inQuery],
    ...(contract?.body !== undefined && {
      requestBody: { required: true, content: content(schema(contract.body, "input")) },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(contract?.answers ?? {}).map(([status, type]) => [
          status,
          { description: "done", ...(type !== null && { content: content(schema(type, "output")) }) },
        ]),
      ),
      ...(contract === undefined && { 501: refusal }),
      default: refusal,
    },
  };
}

/** Which BackupService codes to expect, beyond those of the gateway and 9900. */
function refusedWith(name: OperationName): string {
  const codes = [...new Set([...(givenBy(name) ?? []), ...unknownIn(name)])].sort();
  return ["refused", ...codes.map((code) => `${code}: ${FAULTS[code].meaning}`)].join("; ");
}

const content = (schema: Json): Json => ({ "application/json": { schema } });

/** JSON Schema of a type; types with an id of their own go to `shared` and are referred to. */
function schemaOf(type: z.ZodType, io: "input" | "output", shared: Map<string, Json>): Json {
  const {
    $schema: _dialect,
    $defs,
    ...schema
  } = z.toJSONSchema(type, {
    io,
    target: "draft-2020-12",
    // What a request is made into has no form on the wire.
    unrepresentable: "any",
  }) as Json & { $defs?: Readonly<Record<string, Json>> };
  for (const [id, definition] of Object.entries($defs ?? {})) shared.set(id, referring(definition));
  const { id } = type.meta() ?? {};
  if (id === undefined) return referring(schema);
  shared.set(id, referring(schema));
  return { $ref: `#/components/schemas/${id}` };
}

/** The same with references into the document's components. */
function referring(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}
