/** A server of three disks: one checkpoint holds all of them at one instant, and gives all of them back. */
import { expect, test } from "vitest";
import { scenarioClient } from "./client.ts";
import { digestOfPieces, GIB, MIB, type Piece } from "./content.ts";
import type { ScenarioHost } from "./host.ts";

const contents = (size: number): readonly (readonly Piece[])[] => [
  [{ offset: 0, length: 9 * MIB, seed: 11 }],
  [
    { offset: 3 * MIB + 512, length: 2 * MIB, seed: 12 },
    { offset: size - 512, length: 512, seed: 12 },
  ],
  // Nothing at all is a state too.
  [],
];
const DAMAGE: readonly Piece[] = [{ offset: 2 * MIB, length: 5 * MIB, seed: 13 }];

export function serverScenario(host: () => ScenarioHost): void {
  test("a server of three disks is one point in time, and comes back whole (CON-06, RST-12)", async () => {
    const client = scenarioClient(host());
    const { smallDisk } = host();
    const disks: string[] = [];
    for (const [n, pieces] of contents(smallDisk).entries())
      disks.push(await host().makeDisk({ sizeBytes: smallDisk, pieces, system: n === 0 }));
    const server = await host().makeServer(disks);
    const vault = await client.vault("server", [server]);
    const backup = (await client.backUp(vault, { name: "all-three" }))[server];
    expect(backup).toMatchObject({
      status: "available",
      resource_type: "OS::Nova::Server",
      resource_size: Math.ceil((3 * smallDisk) / GIB),
      extend_info: { contain_system_disk: true },
    });
    type Child = { resource_id: string; protected_at: string; status: string };
    const children: Child[] = backup.children;
    expect(children.map(({ resource_id }) => resource_id).toSorted()).toEqual(disks.toSorted());
    expect(new Set(children.map(({ protected_at }) => protected_at))).toEqual(new Set([backup.protected_at]));

    for (const disk of disks) await host().overwrite(disk, DAMAGE);
    expect(await client.restore(backup.id, { server_id: server })).toMatchObject({ status: "success" });
    for (const [n, disk] of disks.entries())
      expect(await host().digest(disk)).toBe(await digestOfPieces(contents(smallDisk)[n] ?? []));
  });
}
