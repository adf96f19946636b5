/** Small writes: of a block that a guest changed a little, little is stored, however often that happens. */
import { expect, test } from "vitest";
import { scenarioClient } from "./client.ts";
import { addedBytes, BLOCK, digestOfPieces, MIB, type Piece } from "./content.ts";
import type { ScenarioHost } from "./host.ts";

const KIB = 1024;
const FIRST: readonly Piece[] = [{ offset: 0, length: 8 * MIB, seed: 41 }];
/** 4 KiB in each of eight blocks; one of them lies across two of its parts of 64 KiB. */
const changes = (within: number, seed: number): readonly Piece[] =>
  Array.from({ length: 8 }, (_, n) => ({ offset: 2 * n * BLOCK + within + n * 4 * KIB, length: 4 * KIB, seed }));
/** Other places of the same blocks: their bytes come from three backups then. */
const DAYS = [changes(100 * KIB, 42), changes(300 * KIB, 43)];
const DAMAGE: readonly Piece[] = [{ offset: 0, length: 9 * MIB, seed: 44 }];

export function patchScenario(host: () => ScenarioHost): void {
  test("4 KiB in each of eight blocks: the parts around them are stored, not the blocks, and every point comes back to the byte", async () => {
    const client = scenarioClient(host());
    const disk = await host().makeDisk({ sizeBytes: host().smallDisk, pieces: FIRST });
    const vault = await client.vault("disk", [disk]);
    const points = [{ backup: (await client.backUp(vault, { name: "first" }))[disk], content: FIRST }];
    for (const day of DAYS) {
      const before = await host().storedBytes();
      await host().overwrite(disk, day);
      const backup = (await client.backUp(vault, { name: "changed", incremental: true }))[disk];
      const content: readonly Piece[] = [...(points.at(-1)?.content ?? []), ...day];
      points.push({ backup, content });
      const blocks = addedBytes(points.at(-2)?.content ?? [], content);
      expect(blocks).toBe(8 * BLOCK);
      // At most nine parts of 64 KiB, which do not compress, the leaf that names them, and the root.
      expect((await host().storedBytes()) - before).toBeLessThan(blocks / 5);
    }
    for (const { backup, content } of points) {
      expect(backup).toMatchObject({ status: "available" });
      await host().overwrite(disk, DAMAGE);
      expect(await client.restore(backup.id, { volume_id: disk })).toMatchObject({ status: "success" });
      expect(await host().digest(disk)).toBe(await digestOfPieces(content));
    }
  });
}
