/** What bringing up promises of the records of an earlier version, in any store: nothing is lost, whenever it is interrupted. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listBackups } from "../../core/app/lists/list-backups.ts";
import type { Services } from "../../core/app/services.ts";
import { bringUp } from "../../core/app/upgrade/bring-up.ts";
import { STEPS } from "../../core/app/upgrade/steps.ts";
import { RECORDS_VERSION, versionKey } from "../../core/app/upgrade/version.ts";
import { showVault } from "../../core/app/vaults/show-vault.ts";
import type { Item, RecordStore } from "../../core/ports/record-store.ts";
import { dyingStore } from "../support/vault-host.ts";
import { copyFixture, facts, itemsOf } from "../upgrade/fixture.ts";

interface UnderTest {
  readonly store: RecordStore;
  dispose(): Promise<void>;
}

const NOW = Date.parse("2030-01-02T03:04:05Z");
const HOUR = 3600_000;

/** `create`: an empty store. */
export function earlierRecordsContract(name: string, create: () => Promise<UnderTest>): void {
  describe(`records of an earlier version in ${name}`, () => {
    const { vaults, backups } = facts();
    let under: UnderTest;
    let old: Item[];
    let project: string;
    let clock: number;
    const services = (records: RecordStore) => ({ records, now: () => clock });
    beforeEach(async () => {
      clock = NOW;
      under = await create();
      const copy = copyFixture();
      old = itemsOf(copy.data);
      copy.remove();
      project = String(old.find(({ pk, sk }) => pk === "ID" && sk === "BOOT")?.body.projectId);
      for (const item of old) await under.store.write({ op: "put", item, if: "absent" });
    });
    afterEach(() => under.dispose());

    const standing = async () => {
      const rows = await under.store.getMany(old.map(({ pk, sk }) => ({ pk, sk })).slice(0, 100), { consistent: true });
      return rows.filter((row) => row !== undefined).length;
    };
    /** Rows of due work that are there now and were not before. */
    const added = async (): Promise<string[]> => {
      const known = new Set(old.map(({ pk, sk }) => `${pk} ${sk}`));
      const pages = Array.from({ length: 16 }, (_, n) => `DUE#${String(n).padStart(2, "0")}`).map((pk) =>
        under.store.query({ pk, limit: 1000, consistent: true }),
      );
      const rows = (await Promise.all(pages)).flatMap(({ items }) => items.map(({ pk, sk }) => `${pk} ${sk}`));
      return rows.filter((row) => !known.has(row)).sort();
    };

    test("are read as they stand: vaults with what is bound, backups in their order", async () => {
      const s = services(under.store);
      expect(await bringUp(s)).toBe(1);
      for (const id of Object.values(vaults)) expect((await showVault(s, project, id)).bindings).toHaveLength(1);
      const page = { limit: 10, offset: 0 };
      const { rows } = await listBackups(s as Services, project, { ids: [], statuses: [] }, page);
      expect(rows.map(({ id }) => id)).toEqual(backups.map(({ id }) => id).reverse());
    });

    test("there is a step from each version to the next", () => {
      expect(STEPS).toHaveLength(RECORDS_VERSION - 1);
    });

    test("are brought up once; those of a newer version are refused and left alone", async () => {
      expect(await bringUp(services(under.store))).toBe(1);
      const rows = await added();
      expect(rows).toHaveLength(3);
      expect(await bringUp(services(under.store))).toBeUndefined();
      expect(await added()).toEqual(rows);
      const marker = await under.store.get(versionKey, { consistent: true });
      const newer = { ...versionKey, v: (marker?.v ?? 0) + 1, body: { schema: 1, version: RECORDS_VERSION + 1 } };
      await under.store.write({ op: "put", item: newer, if: "present" });
      await expect(bringUp(services(under.store))).rejects.toThrow(/use the newer Holdfast that wrote them$/);
    });

    test("lose nothing to a crash before or after any of its writes, and end up the same an hour later", async () => {
      let writes = 0;
      for (; ; writes++) {
        const dying = dyingStore(under.store, writes, { lost: writes % 2 === 1 });
        const ended = await bringUp(services(dying)).then(
          () => true,
          () => false,
        );
        expect(await standing()).toBe(Math.min(100, old.length));
        // Time goes on between attempts; what was begun keeps its hour.
        clock += HOUR;
        if (ended) break;
      }
      expect(writes).toBeGreaterThan(1);
      expect(await added()).toHaveLength(3);
      expect(await bringUp(services(under.store))).toBeUndefined();
    });

    test("are brought up by two at once as by one", async () => {
      // Their clocks differ: whoever begins says which hour counts.
      const later = { records: under.store, now: () => NOW + 2 * HOUR };
      await Promise.all([bringUp(services(under.store)), bringUp(later)]);
      expect(await added()).toHaveLength(3);
      expect(await bringUp(services(under.store))).toBeUndefined();
    });
  });
}
