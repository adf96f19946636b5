/** Blocks of snapshots, through EBS direct. */
import { createEbsClient } from "../../../adapters/aws/clients/ebs.ts";
import { createEbsBlocks } from "../../../adapters/aws/ebs/blocks.ts";
import type { BlockAccess } from "../../../core/ports/blocks.ts";
import type { Host } from "../services.ts";

export function blocks(host: Host): { readonly blocks: BlockAccess } {
  const log = (text: string): void => host.log({ level: "info", text });
  return { blocks: createEbsBlocks({ ebs: createEbsClient(host.onCall), log }) };
}
