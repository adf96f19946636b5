/** Is the contract whole, and is docs/openapi.json made of it? */
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkAnswer } from "../../functions/api/contract/check-answer.ts";
import { CONTRACT } from "../../functions/api/contract/contract.ts";
import { openApi } from "../../functions/api/contract/openapi.ts";
import { OPERATIONS } from "../../functions/api/operations.ts";
import { routes } from "../../functions/api/routes.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };
const document = openApi(version);
const none: ReadonlySet<string> = new Set();

describe("the contract", () => {
  it("names every operation that has a handler, and no other", () => {
    const handled = new Set(routes.filter(({ handler }) => handler !== undefined).map(({ name }) => name));
    expect(Object.keys(CONTRACT).sort()).toEqual([...handled].sort());
  });

  it("gives a body to every POST and PUT that is handled", () => {
    const without = routes
      .filter(({ method, handler }) => handler !== undefined && (method === "POST" || method === "PUT"))
      .filter(({ name }) => CONTRACT[name as keyof typeof CONTRACT]?.body === undefined)
      .map(({ name }) => name);
    expect(without).toEqual([]);
  });
});

describe("an answer", () => {
  it("that has a member too many, one too few, or one of another kind is found", () => {
    expect(() => checkAnswer("ShowHealth", { status: 200, body: { status: "ok" } }, none)).not.toThrow();
    for (const body of [{ status: "ok", more: 1 }, {}, { status: 1 }, undefined])
      expect(() => checkAnswer("ShowHealth", { status: 200, body }, none)).toThrow(/ShowHealth answers 200 otherwise/);
  });

  it("with a status that is not promised, or a body where none is, is found", () => {
    expect(() => checkAnswer("ShowHealth", { status: 202, body: {} }, none)).toThrow(/does not know/);
    expect(() => checkAnswer("DeleteVault", { status: 204, body: {} }, none)).toThrow(/with a body/);
  });

  it("that depends on a query parameter which the contract does not name is found", () => {
    expect(() => checkAnswer("ShowHealth", { status: 200, body: { status: "ok" } }, new Set(["deep"]))).toThrow(
      /ShowHealth reads deep/,
    );
  });
});

describe("docs/openapi.json", () => {
  it("is up to date: npm run openapi", () => {
    expect(JSON.parse(read("docs/openapi.json"))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it("is valid OpenAPI 3.1", async () => {
    const outcome = await new Validator().validate(JSON.parse(read("docs/openapi.json")));
    expect(outcome.errors ?? []).toEqual([]);
    expect(outcome.valid).toBe(true);
  });

  it("gives every component a name that somebody chose", () => {
    const { schemas } = document.components as { readonly schemas: object };
    expect(Object.keys(schemas).filter((name) => !/^[A-Z][A-Za-z]+$/.test(name))).toEqual([]);
  });

  it("says with which codes an operation refuses", () => {
    const Told = z.object({ responses: z.object({ default: z.object({ description: z.string() }) }) });
    const { responses } = Told.parse(
      (document.paths as Record<string, Record<string, unknown>>)["/v3/{project_id}/policies/{policy_id}"]?.put,
    );
    expect(responses.default.description).toBe(
      "refused; 6000: policy not found; 6003: destination region fixed while policy is bound",
    );
  });

  it("describes refusals as Keystone's where they are, and as the gateway's elsewhere", () => {
    const Answered = z.object({
      responses: z.object({
        default: z.object({ content: z.record(z.string(), z.object({ schema: z.object({ $ref: z.string() }) })) }),
      }),
    });
    const refusalOf = (path: string, method: string) => {
      const { responses } = Answered.parse((document.paths as Record<string, Record<string, unknown>>)[path]?.[method]);
      return responses.default.content["application/json"]?.schema.$ref.split("/").at(-1);
    };
    expect(refusalOf("/v3/auth/tokens", "delete")).toBe("KeystoneRefusal");
    expect(refusalOf("/v3.0/OS-CREDENTIAL/securitytokens", "post")).toBe("KeystoneRefusal");
    expect(refusalOf("/v3/projects", "get")).toBe("Refusal");
    expect(refusalOf("/v3/{project_id}/vaults", "post")).toBe("Refusal");
  });

  it("has every operation once, each under an id of its own", () => {
    const Paths = z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() })));
    const found = Object.values(Paths.parse(document.paths)).flatMap((methods) => Object.values(methods));
    expect(found).toHaveLength(OPERATIONS.length);
    expect(new Set(found.map(({ operationId }) => operationId)).size).toBe(OPERATIONS.length);
  });
});
