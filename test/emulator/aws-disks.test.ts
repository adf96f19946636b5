/** Do the scenarios' own tools make, change and read volumes rightly, before anything of ours looks at them? */
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { describe, expect, inject, test } from "vitest";
import { digestOfPieces, GIB, MIB } from "../e2e/scenarios/content.ts";
import { awsDisks } from "./aws-disks.ts";

describe.skipIf(inject("aws").kind !== "emulators")("volumes of scenarios (a guest's writes need the emulator)", () => {
  const first = [{ offset: MIB - 100, length: 3 * MIB, seed: 1 }];
  const change = [
    { offset: 2 * MIB + 7, length: 9, seed: 2 },
    { offset: GIB - MIB, length: MIB, seed: 2 },
    { offset: 3 * MIB, length: MIB, seed: 0 },
  ];

  test("hold what was written, change as by a guest, and other volumes stay what they are", async () => {
    const disks = awsDisks();
    const volume = await disks.make(GIB, first);
    const other = await disks.make(GIB, first);
    expect(await disks.digest(volume)).toBe(await digestOfPieces(first));
    await disks.overwrite(volume, change);
    expect(await disks.digest(volume)).toBe(await digestOfPieces([...first, ...change]));
    await disks.overwrite(volume, first);
    expect(await disks.digest(volume)).toBe(await digestOfPieces([...first, ...change, ...first]));
    expect(await disks.digest(other)).toBe(await digestOfPieces(first));
  });

  test("make a running server, with the first as its root volume", async () => {
    const disks = awsDisks();
    const volumes = [await disks.make(GIB, first), await disks.make(GIB, []), await disks.make(GIB, [])];
    const id = await disks.server(volumes);
    const { Reservations } = await new EC2Client().send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    const [instance] = Reservations?.[0]?.Instances ?? [];
    expect(instance?.State?.Name).toBe("running");
    const attached = new Map(instance?.BlockDeviceMappings?.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.VolumeId]));
    expect(attached.get(instance?.RootDeviceName)).toBe(volumes[0]);
    expect([...attached.values()].toSorted()).toEqual(volumes.toSorted());
  });
});
