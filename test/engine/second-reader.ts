/**
 * A second reader of the repository format, written from docs/format.md alone: it shares no code with core/engine, and uses
 * another BLAKE3 (WebAssembly). If the two ever disagree, the page, the engine or both are wrong.
 */
import { createDecipheriv, hkdfSync } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { createBLAKE3 } from "hash-wasm";

/** Gives an object's bytes by its name inside the repository. */
export type ReadObject = (name: string) => Buffer;

const BLOCK = 524_288;
const LEAF_BLOCKS = 1024;

function derive(secret: Uint8Array, label: string, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, label, 32));
}

function open(sealed: Buffer, key: Buffer, kind: number, counter: number, aad: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  nonce[0] = kind;
  nonce.writeBigUInt64BE(BigInt(counter), 4);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(aad).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

interface Place {
  readonly pack: string;
  readonly frame: number;
  readonly codec: number;
  readonly offset: number;
  readonly stored: number;
}

function readFrame(read: ReadObject, secret: Uint8Array, place: Place, type: number, plainLength: number): Buffer {
  const pack = read(`packs/${place.pack}`);
  if (pack.toString("ascii", 0, 8) !== "HOLDPACK" || pack.readUInt16LE(8) !== 1) throw new Error("no pack");
  if (pack.toString("hex", 16, 32) !== place.pack) throw new Error("another pack");
  const aad = Buffer.alloc(32);
  pack.copy(aad, 0, 16, 32);
  aad.set([1, type, place.codec, 0], 16);
  aad.writeUInt32LE(place.frame, 20);
  aad.writeUInt32LE(plainLength, 24);
  aad.writeUInt32LE(place.stored, 28);
  const key = derive(secret, "holdfast/v1/pack", pack.subarray(32, 64));
  const content = open(pack.subarray(place.offset, place.offset + place.stored), key, 1, place.frame, aad);
  const plain = place.codec === 0 ? content : zstdDecompressSync(content);
  if (plain.length !== plainLength) throw new Error("another length");
  return plain;
}

/** Reads a whole disk and gives its non-zero blocks by offset. Throws at the first thing that is not as the page says. */
export async function readDisk(read: ReadObject, secret: Uint8Array, rootId: string) {
  const hasher = await createBLAKE3(256, derive(secret, "holdfast/v1/id", new Uint8Array()));
  const id = (bytes: Uint8Array): string => hasher.init().update(bytes).digest("hex");
  const object = read(`roots/${rootId}`);
  if (object.toString("ascii", 0, 8) !== "HOLDROOT" || object.readUInt16LE(8) !== 1) throw new Error("no root");
  const aad = Buffer.concat([object.subarray(0, 48), Buffer.from(`roots/${rootId}`)]);
  const body = open(object.subarray(48), derive(secret, "holdfast/v1/root", object.subarray(16, 48)), 4, 0, aad);
  const size = Number(body.readBigUInt64LE(0));
  if (body.readUInt32LE(8) !== BLOCK || body.readUInt32LE(12) !== LEAF_BLOCKS) throw new Error("another grid");
  const descriptionEnd = 24 + body.readUInt32LE(20);
  const description = JSON.parse(body.toString("utf8", 24, descriptionEnd)) as unknown;

  let at = descriptionEnd + 4;
  const packs: string[] = [];
  for (let left = body.readUInt32LE(descriptionEnd); left > 0; left--) {
    packs.push(body.toString("hex", at, at + 16));
    const frames = body.readUInt16LE(at + 20);
    const asList = ((body[at + 22] ?? 0) & 2) !== 0;
    at += 44;
    at += asList ? 2 + 2 * body.readUInt16LE(at) : Math.ceil(frames / 8);
  }
  const leaves = body.readUInt32LE(at);
  at += 4;
  const blocks = new Map<number, Buffer>();
  for (let leaf = 0; leaf < leaves; leaf++) {
    const pack = body.readUInt32LE(at);
    if (pack === 0xffffffff) {
      at += 4;
      continue;
    }
    const place = {
      pack: packs[pack] ?? "",
      frame: body.readUInt16LE(at + 4),
      codec: body[at + 6] ?? 0,
      offset: body.readUInt32LE(at + 8),
      stored: body.readUInt32LE(at + 12),
    };
    const plain = readFrame(read, secret, place, 1, body.readUInt32LE(at + 16));
    if (id(plain) !== body.toString("hex", at + 24, at + 56)) throw new Error("another leaf");
    at += 56;
    readLeaf(plain, leaf);
  }
  if (at !== body.length) throw new Error("bytes left");
  return { size, description, blocks };

  function readLeaf(plain: Buffer, leaf: number): void {
    if (plain.toString("ascii", 0, 4) !== "LEAF") throw new Error("no leaf");
    const inLeaf = Array.from({ length: plain.readUInt16LE(6) }, (_, index) =>
      plain.toString("hex", 8 + index * 16, 24 + index * 16),
    );
    let entryAt = 8 + inLeaf.length * 16;
    for (let index = 0; index < plain.readUInt16LE(4); index++) {
      const places = plain[entryAt++] ?? 0;
      if (places === 0) continue;
      const expected = plain.toString("hex", entryAt, entryAt + 32);
      const placeAt = entryAt + 32;
      if (places !== 1 || plain.readUInt16LE(placeAt + 12) !== 0xffff) throw new Error("too new");
      const place = {
        pack: inLeaf[plain.readUInt16LE(placeAt)] ?? "",
        frame: plain.readUInt16LE(placeAt + 2),
        offset: plain.readUInt32LE(placeAt + 4),
        stored: plain.readUInt32LE(placeAt + 8),
        codec: plain[placeAt + 14] ?? 0,
      };
      const offset = (leaf * LEAF_BLOCKS + index) * BLOCK;
      const block = readFrame(read, secret, place, 0, Math.min(BLOCK, size - offset));
      if (id(block) !== expected) throw new Error("another block");
      blocks.set(offset, block);
      entryAt = placeAt + 16;
    }
    if (entryAt !== plain.length) throw new Error("bytes left in a leaf");
  }
}
