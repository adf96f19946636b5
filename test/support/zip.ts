/** How is one file zipped, as Lambda takes code? Stored, without a library. */
import { crc32 } from "node:zlib";

/** A zip of one stored file (APPNOTE.TXT, 4.3: local header, central header, end record). */
export function zipOf(name: string, content: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(content);
  const file = Buffer.from(name);
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt32LE(crc32(bytes), 10);
  facts.writeUInt32LE(bytes.length, 14);
  facts.writeUInt32LE(bytes.length, 18);
  facts.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), facts, file, bytes]);
  const made = Buffer.from([20, 0]);
  const rest = Buffer.alloc(14);
  // Unix rights, so that whoever unpacks it may read it.
  rest.writeUInt32LE((0o100644 << 16) >>> 0, 6);
  const central = Buffer.concat([Buffer.from("PK\x01\x02", "latin1"), made, facts, rest, file]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from("PK\x05\x06", "latin1"), end]);
}
