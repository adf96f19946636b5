/** What does a backup do when EBS's list of changed blocks is denied, or wrong? */
import { EBSClient } from "@aws-sdk/client-ebs";
import { CreateSnapshotCommand, EC2Client } from "@aws-sdk/client-ec2";
import { describe, expect, inject, test, vi } from "vitest";
import { createEbsBlocks } from "../../adapters/aws/ebs/blocks.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { SnapshotRef } from "../../core/ports/blocks.ts";
import type { TransferUnit } from "../../core/ports/data-plane.ts";
import { scenarioClient } from "../e2e/scenarios/client.ts";
import { BLOCK, digestOfPieces, GIB, MIB, type Piece } from "../e2e/scenarios/content.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { awsDisks } from "./aws-disks.ts";
import { openAwsHost } from "./aws-host.ts";
import { sharedDeployment } from "./deploy.ts";
import { whileFaulty } from "./faults-control.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const FIRST: readonly Piece[] = [{ offset: 0, length: 4 * MIB, seed: 61 }];
const CHANGES: readonly Piece[] = [{ offset: MIB + 1_000, length: 4_096, seed: 62 }];
const DAMAGE: readonly Piece[] = [{ offset: 0, length: 5 * MIB, seed: 63 }];

describe.skipIf(inject("aws").kind !== "emulators")("the list of changed blocks, emulated", () => {
  test("denied, because somebody took the tag off the snapshot that was kept: everything is read, and the backup is right", async () => {
    const host = openAwsHost(await sharedDeployment());
    const client = scenarioClient(host);
    const disk = await host.makeDisk({ sizeBytes: GIB, pieces: FIRST });
    const vault = await client.vault("disk", [disk]);
    await client.backUp(vault);
    await host.overwrite(disk, CHANGES);
    const denied = {
      service: "ebs",
      operations: ["ListChangedBlocks"],
      fault: { kind: "error", status: 403, code: "AccessDeniedException" },
    } as const;
    const backup = await whileFaulty([denied], async () => (await client.backUp(vault))[disk]);
    expect(backup).toMatchObject({ status: "available", incremental: true });
    await host.overwrite(disk, DAMAGE);
    expect(await client.restore(backup.id, { volume_id: disk })).toMatchObject({ status: "success" });
    expect(await host.digest(disk)).toBe(await digestOfPieces([...FIRST, ...CHANGES]));
  });

  test("wrong: a block that it left out and that was looked at all the same ends the transfer", async () => {
    const ec2 = new EC2Client();
    const disks = awsDisks();
    const volume = await disks.make(GIB, FIRST);
    const snapshot = async (since?: string): Promise<SnapshotRef> => {
      const { SnapshotId = "" } = await ec2.send(new CreateSnapshotCommand({ VolumeId: volume }));
      const common = {
        provider: "ebs",
        diskId: volume,
        snapshotId: SnapshotId,
        size: GIB,
        comparable: true,
        detail: {},
      };
      return { ...common, ...(since !== undefined && { since: { snapshotId: since } }) };
    };
    const plane = createDataPlane({
      objects: createMemoryObjects(),
      blocks: createEbsBlocks({ ebs: new EBSClient() }),
    });
    const domain = { domainId: "changed", secret: new Uint8Array(32).fill(7) };
    const unit = (snapshot: SnapshotRef): TransferUnit => ({
      ...{ domain, snapshot, firstLeaf: 0, endLeaf: 2, level: 1, budgetMs: 600_000 },
      // Every block that the list calls the same is looked at.
      sampleOneIn: 1,
    });
    const earlier = await snapshot();
    const full = await plane.transfer(unit(earlier));
    await plane.seal({ domain, rootId: "first", size: GIB, description: {}, results: [full.payload] });
    await disks.overwrite(volume, CHANGES);

    const later = await snapshot(earlier.snapshotId);
    const right = await plane.transfer({ ...unit(later), parentRoot: "first" });
    expect(right.counts.changed).toBe(BLOCK);
    // One part of 64 KiB of the block, the leaf and the pack's own: not half a MiB.
    expect(right.counts.stored).toBeLessThan(BLOCK / 4);
    // Between a snapshot and itself nothing changed: as a list of what changed since the first it is a lie.
    const lie = { ...later, since: { snapshotId: later.snapshotId } };
    await expect(plane.transfer({ ...unit(lie), parentRoot: "first" })).rejects.toMatchObject({
      name: "ChangeListWrong",
    });
  });
});
