/** Where does memory come from that direct reads and writes can use? */

const WASM_PAGE = 65_536;

// Node has it, but its type definitions leave it to the browser's.
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

/** Zeroed memory, at least `bytes` long, that begins at a page: the only such memory that Node hands out. */
export function alignedMemory(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / WASM_PAGE);
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
}

/** Buffers of one size that are lent and given back. */
export interface BufferPool {
  take(): Uint8Array;
  give(buffer: Uint8Array): void;
}

/** A thread's buffers: up to `kept` of them stay for the next user, since only the collector frees such memory. */
export function bufferPool(bytes: number, kept: number): BufferPool {
  const spare: Uint8Array[] = [];
  return {
    take: () => spare.pop() ?? alignedMemory(bytes),
    give(buffer) {
      if (spare.length < kept) spare.push(buffer);
    },
  };
}
