/** Are sizes and tables easy to read? */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatBytes, formatGB, formatMB, formatTable, formatTime } from "../../cli/text.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1536 * 1024 ** 2, "1.5 GiB"],
  [1024 ** 3 - 1, "1 GiB"],
  [64 * 1024 ** 4, "64 TiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("a size never has more than four digits before its point, and is right within a twentieth", () => {
  const factor: Record<string, number> = { B: 0, KiB: 1, MiB: 2, GiB: 3, TiB: 4, PiB: 5 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
      const [, number = "", unit = ""] = /^(\d{1,4}(?:\.\d)?) (\w+)$/.exec(formatBytes(bytes)) ?? [];
      const shown = Number(number) * 1024 ** (factor[unit] ?? Number.NaN);
      expect(Math.abs(shown - bytes)).toBeLessThanOrEqual(bytes / 20);
    }),
  );
});

test("the API's units are GB and MB, and what it does not say is a dash", () => {
  expect([formatGB(40), formatMB(1536), formatGB(null)]).toEqual(["40 GiB", "1.5 GiB", "-"]);
});

test.each([
  ["2030-01-02T03:04:05.678901", "2030-01-02 03:04:05 UTC"],
  ["2030-01-02T03:04:05.678Z", "2030-01-02 03:04:05 UTC"],
  ["2030-01-02T03:04:05Z", "2030-01-02 03:04:05 UTC"],
  [undefined, "-"],
])("the time %s is shown as %s", (time, text) => {
  expect(formatTime(time)).toBe(text);
});

test("columns of a table are aligned and no line ends in blanks", () => {
  expect(
    formatTable(
      ["ID", "NAME"],
      [
        ["long-id", "x"],
        ["a", ""],
      ],
    ),
  ).toBe("ID       NAME\nlong-id  x\na");
});
