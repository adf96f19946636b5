/** Memory resources whose disks have bytes: captured by copying, restored in place, confirmed as the test says. */
import { TargetUnusable } from "../../core/ports/blocks.ts";
import { type Capture, CaptureRefused, type Disk, type Server } from "../../core/ports/resource-provider.ts";
import type { MemoryBlocks } from "./memory-blocks.ts";
import { createMemoryResources, type MemoryResources } from "./memory-resources.ts";

export interface CapturableResources extends MemoryResources {
  /** What is on each disk now. Tests change the bytes in place, or `setBytes`. */
  readonly bytes: Map<string, Uint8Array>;
  /** Captures that are held, by run and attempt. */
  readonly captures: Map<string, Capture>;
  /** What `confirm` finds: a reason when the source changed. */
  changed: (capture: Capture) => string | undefined;
  /** A disk with this content. */
  addDiskWith(id: string, bytes: Uint8Array, change?: Partial<Disk>): Disk;
  /** A server whose disks (`<id>-d0` …) have these contents. */
  addServerWith(id: string, contents: readonly Uint8Array[], change?: Partial<Server>): Server;
  /** Another content, of whatever size. */
  setBytes(id: string, bytes: Uint8Array): void;
}

/** No resources yet. `now`: epoch milliseconds. */
export function createCapturableResources(blocks: MemoryBlocks, now: () => number): CapturableResources {
  const memory = createMemoryResources();
  const { resources } = memory;
  const bytes = new Map<string, Uint8Array>();
  const captures = new Map<string, Capture>();
  const diskOf = (id: string): Disk | undefined => {
    const found = resources.get(id);
    return found?.kind === "disk" ? found : undefined;
  };
  const self: CapturableResources = {
    ...memory,
    bytes,
    captures,
    changed: () => undefined,
    addDiskWith(id, content, change) {
      bytes.set(id, content);
      return memory.addDisk(id, { size: content.length, ...change });
    },
    addServerWith(id, contents, change) {
      const server = memory.addServer(id, contents.length, change);
      contents.forEach((content, i) => {
        self.setBytes(`${id}-d${i}`, content);
      });
      const now = resources.get(id);
      return now?.kind === "server" ? now : server;
    },
    setBytes(id, content) {
      bytes.set(id, content);
      const disk = diskOf(id);
      if (disk === undefined) throw new Error(`no disk ${id}`);
      resources.set(id, { ...disk, size: content.length });
      const server = disk.serverId === undefined ? undefined : resources.get(disk.serverId);
      if (server?.kind === "server") {
        const disks = server.disks.map((d) => (d.id === id ? { ...d, size: content.length } : d));
        resources.set(server.id, { ...server, disks });
      }
    },
    async capture({ runId, attempt, diskIds }) {
      const name = `${runId}.${attempt}`;
      const known = captures.get(name);
      if (known !== undefined) return known;
      const disks = diskIds.map((id, i) => {
        const content = bytes.get(id);
        if (diskOf(id) === undefined || content === undefined)
          throw new CaptureRefused(id, "7000", `disk ${id} does not exist any more`);
        return { ...blocks.snapshot(`${name}.${i}`, Uint8Array.from(content)), diskId: id };
      });
      const capture: Capture = { promise: "quiescent", instant: now(), disks };
      captures.set(name, capture);
      return capture;
    },
    async confirm(capture) {
      const reason = self.changed(capture);
      return reason === undefined ? { unchanged: true } : { unchanged: false, reason };
    },
    async release(capture) {
      for (const { snapshotId } of capture.disks) {
        blocks.sources.delete(snapshotId);
        captures.delete(snapshotId.slice(0, snapshotId.lastIndexOf(".")));
      }
    },
    async target({ diskId, size }) {
      const disk = diskOf(diskId);
      const content = bytes.get(diskId);
      if (disk === undefined || content === undefined) throw new TargetUnusable(`no disk has the id ${diskId}`);
      if (disk.status === "in-use") throw new TargetUnusable(`disk ${diskId} is in use`);
      if (content.length < size) throw new TargetUnusable(`disk ${diskId} has ${content.length} bytes, not ${size}`);
      return blocks.target(diskId, content, "overwrite");
    },
  };
  return self;
}
