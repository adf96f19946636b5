/**
 * Every number of repository format v1, with its reason. docs/format.md repeats those that a reader must know.
 *
 * Changing one that is written into objects makes a new format version; the others (marked "tuning") are free.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Written into every header. Readers refuse any other. */
export const FORMAT_VERSION = 1;

/** Bytes of a block: the block of the EBS direct APIs, so that both hosts share one grid. */
export const BLOCK_BYTES = 512 * KIB;

/** Blocks of a leaf: 512 MiB of disk in about 50 KiB of entries, which is one frame. */
export const LEAF_BLOCKS = 1024;

/** Bytes of disk under one leaf. */
export const LEAF_BYTES = LEAF_BLOCKS * BLOCK_BYTES;

/** Sub-blocks of a block, one bit each in a byte: 64 KiB is where stored deltas stop shrinking (2.2 times less than whole blocks). */
export const SUB_BLOCKS = 8;
export const SUB_BLOCK_BYTES = BLOCK_BYTES / SUB_BLOCKS;

/** All eight sub-blocks. */
export const WHOLE = 0xff;

/** Places that one entry may list: one a sub-block; more would make a restored block cost more than eight reads. */
export const MAX_PLACES = SUB_BLOCKS;

/** Places that this writer lists (tuning): a restored block costs at most four reads, and a leaf names at most 4,096 packs. */
export const PATCH_PLACES = 4;

/** Sub-blocks that the frames of one entry may hold together: twice a block, or the block is stored whole. */
export const PATCH_SUB_BLOCKS = 2 * SUB_BLOCKS;

/** A pack is closed once it holds this much (tuning): 16 to 32 MiB keep objects few; 16 keeps two buffers a worker small. */
export const PACK_TARGET_BYTES = 16 * MIB;

/** No pack is larger: a reader may hold one whole pack in memory. */
export const PACK_MAX_BYTES = 32 * MIB;

/** Frames of one pack: keeps its directory at 64 KiB and a live-frame bitmap at 512 bytes. */
export const PACK_MAX_FRAMES = 4096;

/** Largest plain length of a frame: a block. A leaf with one place an entry stays far below. */
export const FRAME_MAX_RAW_BYTES = BLOCK_BYTES;

/** Largest zstd window that a reader meets: a block. It bounds the reader's memory. */
export const ZSTD_WINDOW_LOG = 19;

/** Window at level 1 (tuning): 256 KiB is up to 11 % faster there for 0.2 % of ratio; at higher levels it would cost 0.4 %. */
export const ZSTD_FAST_WINDOW_LOG = 18;

/** A block that compresses by less than 3 % is stored raw (tuning): decoding it would cost more than it saves. */
export const RAW_UNLESS_SAVED = 0.03;

/** Bytes of a GCM tag. */
export const TAG_BYTES = 16;

/** Bytes of the salt in a pack or root header: with 256 random bits no two attempts ever share a key. */
export const SALT_BYTES = 32;

/** Bytes of a block's or leaf's id: keyed BLAKE3-256. */
export const ID_BYTES = 32;

/** Bytes of a domain's secret and of every key derived from it. */
export const KEY_BYTES = 32;

/** Bytes of a pack's id: 128 random bits, so that names never collide. */
export const PACK_ID_BYTES = 16;

/** A unit's result stays below this, so that it fits a record of 400 KB (DynamoDB) as base64. */
export const PAYLOAD_MAX_BYTES = 290_000;

/** A unit begins no leaf once its result is larger than this: one leaf adds at most 4,097 packs of 48 bytes. */
export const PAYLOAD_ENOUGH_BYTES = 90 * KIB;

/** Bytes read from a source at once (tuning): the blocks whose ids are known before the first of them is stored. */
export const SOURCE_READ_BYTES = 4 * BLOCK_BYTES;

/** Blocks that one session of a crew works at a time (tuning): 64 MiB even out how long the sessions take. */
export const STRETCH_BLOCKS = 128;

/** One block in so many is a hook (tuning): the share of a copied leaf that is stored before it is recognised stays below 5 %. */
export const HOOK_ONE_IN = 8;

/** Leaves of one root that get hooks (tuning): 2 TiB, which keeps the object below 12 MiB. */
export const HOOK_LEAVES = 4096;

/** Bytes of hooks that a unit reads (tuning): the newest ones, about 5 TiB of disks. */
export const HOOKS_READ_BYTES = 16 * MIB;

/** One unlisted block in so many is read all the same: a change list that lies is found within some runs. */
export const SAMPLE_ONE_IN = 1000;

/** Blocks that a unit remembers for deduplication (tuning): about 8 MiB of memory and 16 GiB of different blocks. */
export const DEDUP_ENTRIES = 32_768;

/** Bytes of a pack read at once (tuning): large stretches, little memory while one is decoded and the next one read. */
export const STRETCH_BYTES = 2 * MIB;

/** Blocks made of several frames that are put together at a time (tuning): 8 MiB of memory. */
export const PATCHED_AT_ONCE = 16;

/** From so many packs on, one listing is cheaper than a look at each (tuning): it costs a request for 1,000 names. */
export const LIST_FROM_PACKS = 500;

/** Unwanted bytes between two wanted frames that are read rather than skipped (tuning): cheaper than another request. */
export const STRETCH_GAP_BYTES = 128 * KIB;

/** Bytes zeroed at once (tuning): where zeroing means writing, this is a fraction of a second between two turns. */
export const ZERO_BYTES = 32 * MIB;

/** Longest time without a turn of the event loop, in milliseconds (tuning): abort and progress are seen within it. */
export const TURN_MS = 50;

/**
 * Packs that are looked at together when a root is sealed or its presence verified. Each look is a few small requests that
 * only wait: one call seals a disk of some TiB on S3 with so many at once, and a folder takes no harm from it.
 */
export const PARALLEL_CHECKS = 64;
