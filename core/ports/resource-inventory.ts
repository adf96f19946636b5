/**
 * ResourceInventory: registers disk images and servers on hosts where nobody else knows them (one machine). On AWS there is
 * none: EC2 and EBS are the inventory.
 */
export interface ResourceInventory {
  /** Registers a raw disk image of this host. @throws ResourceRefusal */
  addDisk(request: {
    readonly path: string;
    readonly name: string;
    readonly system: boolean;
    /** Take the file as raw although it looks like another format. */
    readonly forceRaw: boolean;
  }): Promise<{ readonly id: string }>;
  /** Groups registered disks that are captured together. @throws ResourceRefusal */
  addServer(request: { readonly name: string; readonly diskIds: readonly string[] }): Promise<{ readonly id: string }>;
  /**
   * Forgets a disk or server; files and backups stay. `isProtected` says why it must stay, or nothing; it is asked at the
   * last moment. @throws ResourceRefusal
   */
  remove(
    id: string,
    guard: { readonly isProtected: (id: string) => Promise<string | undefined> },
  ): Promise<{ readonly id: string }>;
}

/** What adapters throw when a registration or removal breaks a rule; its message is `<field>: <rule>`. */
export interface ResourceRefusal extends Error {
  readonly name: "ResourceRefused";
  /** Member of the request that breaks the rule. */
  readonly field: string;
}

export const isResourceRefusal = (error: unknown): error is ResourceRefusal =>
  error instanceof Error && error.name === "ResourceRefused" && "field" in error && typeof error.field === "string";
