/** The block work of a verification: decodes every frame and hashes every block. */
import { Damaged, type VerifyUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { FoundDamage } from "./damage.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import type { Stretch, VerifyHand } from "./hands.ts";
import { BLOCK_BYTES } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { PackReader } from "./pack-reader.ts";
import { readBlocks, readBuffers } from "./read-blocks.ts";

export async function openVerifyHand(objects: ObjectStore, unit: VerifyUnit, pace: Pace): Promise<VerifyHand> {
  const crypto = await openDomain(unit.domain);
  return new Hand(crypto, await PackReader.open(objects, crypto), pace);
}

class Hand implements VerifyHand {
  readonly #crypto: DomainCrypto;
  readonly #reader: PackReader;
  readonly #pace: Pace;
  readonly #buffers = readBuffers();

  constructor(crypto: DomainCrypto, reader: PackReader, pace: Pace) {
    this.#crypto = crypto;
    this.#reader = reader;
    this.#pace = pace;
  }

  async check({ bytes, slots }: Stretch): Promise<readonly { readonly object: string; readonly reason: string }[]> {
    const found = new FoundDamage();
    const lengthOf = (index: number) => Math.min(BLOCK_BYTES, bytes - index * BLOCK_BYTES);
    let worked = 0;
    for await (const outcome of readBlocks(this.#reader, this.#crypto, slots, lengthOf, this.#buffers)) {
      if ("plain" in outcome) this.#pace.churned(outcome.plain.length);
      else if (outcome.error instanceof Damaged) found.add(outcome.error);
      else throw outcome.error;
      const done = outcome.blocks.reduce((sum, index) => sum + lengthOf(index), 0);
      worked += done;
      await this.#pace.worked(done);
    }
    await this.#pace.worked(bytes - worked);
    this.#pace.tell();
    return found.list();
  }

  async close(): Promise<void> {
    this.#pace.tell();
  }
}
