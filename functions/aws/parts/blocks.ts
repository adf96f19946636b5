/** Blocks of snapshots, through EBS direct. */
import { createEbsClient } from "../../../adapters/aws/clients/ebs.ts";
import { createEbsBlocks } from "../../../adapters/aws/ebs/blocks.ts";
import type { BlockAccess } from "../../../core/ports/blocks.ts";
import type { Host } from "../services.ts";

export function blocks(host: Host): { readonly blocks: BlockAccess } {
  // A change list that cannot be used costs a full read: people should see it.
  const log = (text: string): void => host.log({ level: "warn", text });
  return { blocks: createEbsBlocks({ ebs: createEbsClient(host.onCall), log }) };
}
