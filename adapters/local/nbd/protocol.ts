/** Which numbers does the NBD protocol use? All from its specification: doc/proto.md of NetworkBlockDevice/nbd. */

/** "NBDMAGIC", the first bytes of every server. */
export const GREETING = 0x4e42_444d_4147_4943n;
/** "IHAVEOPT", the second: newstyle, options follow; also before each option of the client. */
export const OPTIONS_FOLLOW = 0x4948_4156_454f_5054n;
export const OPTION_REPLY = 0x0003_e889_0455_65a9n;

/** Handshake flags of server and client: fixed newstyle, and no 124 zero bytes after NBD_OPT_EXPORT_NAME. */
export const FIXED_NEWSTYLE = 1;
export const NO_ZEROES = 2;

export const OPTION = {
  exportName: 1,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

export const ANSWER = { ack: 1, info: 3, metaContext: 4, firstError: 0x8000_0000 } as const;
export const REFUSAL = { unsupported: 0x8000_0001, tlsRequired: 0x8000_0005, unknown: 0x8000_0006 } as const;
/** What the other refusals are called (NBD_REP_ERR_*). */
export const REFUSALS: ReadonlyMap<number, string> = new Map([
  [0x8000_0001, "ERR_UNSUP"],
  [0x8000_0002, "ERR_POLICY"],
  [0x8000_0003, "ERR_INVALID"],
  [0x8000_0004, "ERR_PLATFORM"],
  [0x8000_0005, "ERR_TLS_REQD"],
  [0x8000_0006, "ERR_UNKNOWN"],
  [0x8000_0007, "ERR_SHUTDOWN"],
  [0x8000_0008, "ERR_BLOCK_SIZE_REQD"],
  [0x8000_0009, "ERR_TOO_BIG"],
]);

export const INFO = { export: 0, blockSize: 3 } as const;

/** Transmission flags: what the export is and can do. */
export const EXPORT_FLAG = { hasFlags: 1, readOnly: 2, flush: 4, writeZeroes: 64 } as const;

export const REQUEST = 0x2560_9513;
export const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, writeZeroes: 6, blockStatus: 7 } as const;
export type Command = (typeof COMMAND)[keyof typeof COMMAND];

export const SIMPLE_REPLY = 0x6744_6698;
export const STRUCTURED_REPLY = 0x668e_33ef;
export const LAST_CHUNK = 1;
export const CHUNK = { none: 0, data: 1, hole: 2, blockStatus: 5, firstError: 0x8000, errorAt: 0x8002 } as const;

/** Meta contexts. NBD_STATE_ZERO: reads as zeros (a hole alone, NBD_STATE_HOLE, promises nothing about what is read). */
export const ALLOCATION = "base:allocation";
export const STATE_ZERO = 2;
/** QEMU's docs/interop/nbd.txt: `qemu:dirty-bitmap:NAME`, whose bit 0 says dirty. */
export const DIRTY_BITMAP = "qemu:dirty-bitmap:";
export const STATE_DIRTY = 1;

/** The longest string of the protocol: names of exports and contexts, messages of errors. */
export const STRING_MAX_BYTES = 4096;
/** What every server must take in one request when it names no maximum. */
export const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;
