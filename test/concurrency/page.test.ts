/** Is the page of concurrency what the service decides by? */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { page } from "./page.ts";

it("is up to date: npm run concurrency", () => {
  expect(readFileSync(new URL("../../docs/developer/concurrency.md", import.meta.url), "utf8")).toBe(page());
});
