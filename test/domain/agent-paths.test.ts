/** Which paths may an agent name? */
import { describe, expect, it } from "vitest";
import { isAgentId, liesBelow, pathProblem } from "../../core/domain/agent-paths.ts";

describe("AGT-04: a path", () => {
  it.each(["/", "/var/lib", "/Größe und Übrige/x.y", "C:\\Users\\me", "/a_~`!@$%^()=-+,;b"])("may be %s", (path) => {
    expect(pathProblem(path)).toBeUndefined();
  });

  it.each([
    ["var/lib", "must be absolute"],
    ["C:/Users", "must be absolute"],
    ["", "must be absolute"],
    ["/a*b", "must have letters"],
    ["/a\nb", "must have letters"],
    ["/a/../b", "must not contain `..`"],
    [`/${"ä".repeat(2048)}`, "at most 4096 bytes"],
  ])("may not be %s", (path, why) => {
    expect(pathProblem(path)).toContain(why);
  });

  it("lies below another by whole names, on both systems", () => {
    expect(liesBelow("/a/b", "/a")).toBe(true);
    expect(liesBelow("/a/b", "/a/")).toBe(true);
    expect(liesBelow("/ab", "/a")).toBe(false);
    expect(liesBelow("/a", "/a")).toBe(false);
    expect(liesBelow("/a", "/")).toBe(true);
    expect(liesBelow("C:\\a\\b", "C:\\a")).toBe(true);
    expect(liesBelow("C:\\ab", "C:\\a")).toBe(false);
  });
});

it("an agent's id can stand in a key", () => {
  expect(isAgentId("a1B2-:._")).toBe(true);
  for (const id of ["", "a#b", "a b", "x".repeat(65)]) expect(isAgentId(id)).toBe(false);
});
