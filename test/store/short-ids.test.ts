/** Do ids of backups sort by age, whatever the clock does? */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isBackupId, newBackupId } from "../../local/store/short-ids.ts";

test("each new id sorts behind the one before, also when the clock stands still or is put back", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4_000_000_000_000 }), { minLength: 2 }), (clock) => {
      let newest: string | undefined;
      for (const now of clock) {
        const id = newBackupId(now, newest);
        expect(isBackupId(id)).toBe(true);
        if (newest !== undefined) expect(id > newest).toBe(true);
        newest = id;
      }
    }),
  );
});

test("a name in the store that is no id of ours does not stand in the way", () => {
  expect(isBackupId(newBackupId(Date.now(), "not-an-id"))).toBe(true);
});
