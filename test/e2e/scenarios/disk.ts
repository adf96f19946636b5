/** The life of one disk: a full backup, an incremental one, and both points restored over other bytes. */
import { expect, test } from "vitest";
import { scenarioClient } from "./client.ts";
import { addedBytes, digestOfPieces, GIB, MIB, type Piece } from "./content.ts";
import type { ScenarioHost } from "./host.ts";

const SIZE = 2 * GIB;

/** 268.5 MiB in four leaves of 512 MiB, with holes between them; the first and the last block of the disk hold data. */
const FIRST: readonly Piece[] = [
  { offset: 0, length: 100 * MIB, seed: 1 },
  { offset: 700 * MIB, length: 60 * MIB, seed: 1 },
  { offset: 1_100 * MIB, length: 64 * MIB, seed: 1 },
  { offset: 1_990 * MIB, length: 44 * MIB, seed: 1 },
  { offset: SIZE - 4_096, length: 4_096, seed: 1 },
];
/** A guest's day: parts of blocks, new data in a hole, and a stretch that becomes zeros. */
const CHANGES: readonly Piece[] = [
  { offset: 10 * MIB + 100_000, length: 2 * MIB, seed: 2 },
  { offset: 90 * MIB + 7, length: 1, seed: 2 },
  { offset: 820 * MIB, length: 4 * MIB, seed: 2 },
  { offset: 1_100 * MIB, length: MIB, seed: 0 },
];
/** Other bytes over data, over zeros and over holes, and zeros over data. */
const DAMAGE: readonly Piece[] = [
  { offset: 5 * MIB, length: 20 * MIB + 1, seed: 3 },
  { offset: 500 * MIB, length: 24 * MIB, seed: 3 },
  { offset: 1_100 * MIB, length: MIB, seed: 3 },
  { offset: 720 * MIB, length: 4 * MIB, seed: 0 },
  { offset: SIZE - MIB, length: MIB, seed: 3 },
];

export function diskScenario(host: () => ScenarioHost): void {
  test("a disk of 2 GiB: a full and an incremental backup, and each comes back to the byte (BKP-30, CAP-01, RST-12)", async () => {
    const client = scenarioClient(host());
    const disk = await host().makeDisk({ sizeBytes: SIZE, pieces: FIRST });
    const vault = await client.vault("disk", [disk]);
    const used = async () => (await client.must("GET", `/vaults/${vault}`)).vault.billing.used;

    const first = (await client.backUp(vault, { name: "first", incremental: false }))[disk];
    expect(first).toMatchObject({ status: "available", incremental: false, resource_size: 2 });
    const full = addedBytes([], FIRST);
    expect(await used()).toBe(Math.ceil(full / MIB));

    const second = [...FIRST, ...CHANGES];
    await host().overwrite(disk, CHANGES);
    const before = await host().storedBytes();
    const next = (await client.backUp(vault, { name: "second", incremental: true }))[disk];
    expect(next).toMatchObject({ status: "available", incremental: true });
    // Blocks that changed: 2.5 MiB at 10 MiB, half a MiB at 90, 4 in the hole; those that became zeros cost nothing.
    const added = addedBytes(FIRST, second);
    expect(added).toBe(7 * MIB);
    // Stored were these, their leaves and the root, and not the other 260 MiB.
    expect((await host().storedBytes()) - before).toBeLessThan(added + MIB);
    expect(await used()).toBe(Math.ceil((full + added) / MIB));

    for (const [backup, content] of [
      [first, FIRST],
      [next, second],
    ] as const) {
      await host().overwrite(disk, DAMAGE);
      expect(await client.restore(backup.id, { volume_id: disk })).toMatchObject({ status: "success" });
      expect(await host().digest(disk)).toBe(await digestOfPieces(content));
    }

    // After the restores the disk is protected as before: the next point holds what the disk holds.
    const third = (await client.backUp(vault, { name: "third" }))[disk];
    expect(third).toMatchObject({ status: "available" });
    expect(await used()).toBe(Math.ceil((full + added) / MIB));
  });
}
