/** The one-machine host, for the scenarios: disks are image files. */
import { randomUUID } from "node:crypto";
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { InitialCredentials } from "../../../core/app/identity/bootstrap.ts";
import { startLiveService } from "../../support/live-service.ts";
import { scenarioClient } from "./client.ts";
import { BLOCK, digestOf, layOver, MIB, type Piece, touched } from "./content.ts";
import type { ScenarioHost } from "./host.ts";

/** Starts the whole service on a temporary folder. */
export async function openLocalHost(): Promise<ScenarioHost> {
  const live = await startLiveService();
  const { host, origin } = new URL(live.url);
  const paths = new Map<string, string>();
  const pathOf = (id: string): string => {
    const path = paths.get(id);
    if (path === undefined) throw new Error(`${id} is not a disk of this scenario`);
    return path;
  };
  const self: ScenarioHost = {
    name: "one machine",
    address: { connect: origin, hostHeader: host },
    credentials: JSON.parse(readFileSync(join(live.folder, "data", "credentials.json"), "utf8")) as InitialCredentials,
    // Large enough that a restore of it takes far longer than a request.
    smallDisk: 64 * MIB,
    pollMs: 20,
    async makeDisk({ sizeBytes, pieces, system = false }) {
      const path = join(live.folder, `${randomUUID()}.img`);
      const file = openSync(path, "wx");
      ftruncateSync(file, sizeBytes);
      closeSync(file);
      write(path, pieces);
      const resource = { kind: "disk", path, name: "a-disk", system };
      const made = await scenarioClient(self).must("POST", "/holdfast/resources", { resource });
      paths.set(made.resource.id, path);
      return made.resource.id;
    },
    makeServer: (disks) => live.server(disks),
    overwrite: async (id, pieces) => write(pathOf(id), pieces),
    digest: (id) => digestOf(blocksOf(pathOf(id))),
    async storedBytes() {
      const names = readdirSync(join(live.folder, "data", "objects"), { recursive: true, withFileTypes: true });
      const files = names.filter((entry) => entry.isFile());
      return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    },
    dispose: () => live.close(),
  };
  return self;
}

/** Changes the blocks that the pieces touch; the others stay holes. */
function write(path: string, pieces: readonly Piece[]): void {
  const file = openSync(path, "r+");
  const block = Buffer.alloc(BLOCK);
  for (const index of touched(pieces)) {
    readSync(file, block, 0, BLOCK, index * BLOCK);
    layOver(block, index, pieces);
    writeSync(file, block, 0, BLOCK, index * BLOCK);
  }
  closeSync(file);
}

async function* blocksOf(path: string): AsyncGenerator<readonly [number, Buffer]> {
  const file = openSync(path, "r");
  const block = Buffer.alloc(BLOCK);
  try {
    for (let index = 0; readSync(file, block, 0, BLOCK, index * BLOCK) > 0; index++) yield [index, block];
  } finally {
    closeSync(file);
  }
}
