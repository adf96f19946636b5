/** What a scenario needs of the host that it runs on; everything else it does through the API, as clients do. */
import type { InitialCredentials } from "../../../core/app/identity/bootstrap.ts";
import type { Piece } from "./content.ts";

/** Where the API answers. */
export interface ApiAddress {
  /** Address to connect to: scheme, host and port. */
  readonly connect: string;
  /** What the Host header says and signatures are taken over; an emulator's is not the one connected to. */
  readonly hostHeader: string;
}

/** The disk to be made. */
export interface DiskAsk {
  /** `smallDisk`, or whole GiB: EBS has no other sizes. */
  readonly sizeBytes: number;
  readonly pieces: readonly Piece[];
  readonly system?: boolean;
}

export interface ScenarioHost {
  readonly name: string;
  readonly address: ApiAddress;
  readonly credentials: InitialCredentials;
  /** Bytes of the smallest disk that the host may have. */
  readonly smallDisk: number;
  /** How often a running task is asked about, in milliseconds. */
  readonly pollMs: number;
  /** Makes a disk that can be protected. @returns its resource id */
  makeDisk(ask: DiskAsk): Promise<string>;
  /** Groups disks, the system disk first. @returns the server's resource id */
  makeServer(diskIds: readonly string[]): Promise<string>;
  /** Writes to a disk behind the service's back, as its guest would. */
  overwrite(diskId: string, pieces: readonly Piece[]): Promise<void>;
  /**
   * `digestOf` of what the disk holds now. Where a restore puts another volume behind the same resource, that volume's.
   */
  digest(diskId: string): Promise<string>;
  /** Bytes of all objects in the object store. */
  storedBytes(): Promise<number>;
  /** Removes everything that the host made. */
  dispose(): Promise<void>;
}
