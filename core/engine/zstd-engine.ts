/**
 * One zstd context that is used again and again, into memory of ours. Node's own calls make a context and an output buffer each time,
 * which costs 10 % of encoding and 15 to 40 % of decoding, and leaves dead memory that only a full collection frees: 70 MiB a thread
 * (docs/adr/0008-zstd-contexts-are-kept.md). The handle behind Node's streams is not part of its interface: where it is not what we
 * know, Node's own calls are used.
 */
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from "node:zlib";

type Params = Readonly<Record<number, number>>;

/** Encodes or decodes one whole frame at a time. */
export interface ZstdEngine {
  /** @returns bytes written to `into`; undefined when the input is not exactly one sound frame, or does not fit: then make a new engine */
  run(input: Buffer, into: Buffer): number | undefined;
}

/** What a stream of node:zlib has inside. */
interface Handle {
  writeSync(
    flush: number,
    input: Buffer,
    inputAt: number,
    inputLength: number,
    output: Buffer,
    outputAt: number,
    outputLength: number,
  ): void;
}
interface Stream {
  readonly _handle?: Partial<Handle> | null;
  /** After a call: bytes of output that are free, bytes of input that were not used. */
  readonly _writeState?: Uint32Array;
  readonly destroyed: boolean;
  on(event: "error", listener: () => void): unknown;
}

/** How a stream is made; a test gives one that has nothing inside. */
type MakeStream = (options: { readonly params: Params }) => unknown;

export function zstdEncoder(params: Params, make: MakeStream = createZstdCompress): ZstdEngine {
  const encode = (input: Buffer): Buffer => zstdCompressSync(input, { params, pledgedSrcSize: input.length });
  return kept(make({ params }) as Stream, false) ?? oneByOne(encode);
}

export function zstdDecoder(params: Params, make: MakeStream = createZstdDecompress): ZstdEngine {
  const decode = (input: Buffer, most: number): Buffer =>
    zstdDecompressSync(input, { params, maxOutputLength: Math.max(1, most) });
  return kept(make({ params }) as Stream, true) ?? oneByOne(decode);
}

/**
 * The kept context of a stream, or undefined when this Node's streams are made otherwise. `exact`: a full output is the whole
 * output. Otherwise nobody knows what did not fit.
 */
function kept(stream: Stream, exact: boolean): ZstdEngine | undefined {
  const { _handle: handle, _writeState: state } = stream;
  if (typeof handle?.writeSync !== "function" || !(state instanceof Uint32Array) || state.length < 2) return undefined;
  // An error destroys the stream at once and is told later, to nobody: `run` has seen it by then.
  stream.on("error", () => undefined);
  const { writeSync } = handle as Handle;
  return {
    run(input, into) {
      if (stream.destroyed) return undefined;
      // "End" with the whole input and room for the whole output is one frame, whose header tells its size.
      writeSync.call(handle, constants.ZSTD_e_end, input, 0, input.length, into, 0, into.length);
      const [free = 0, unused = 0] = state;
      const fits = exact || free > 0;
      return stream.destroyed || unused !== 0 || !fits ? undefined : into.length - free;
    },
  };
}

/** The same by Node's own calls. */
function oneByOne(convert: (input: Buffer, most: number) => Buffer): ZstdEngine {
  return {
    run(input, into) {
      let output: Buffer;
      try {
        output = convert(input, into.length);
      } catch {
        // The caller finds out why, where there is anything to find.
        return undefined;
      }
      if (output.length > into.length) return undefined;
      output.copy(into);
      return output.length;
    },
  };
}
