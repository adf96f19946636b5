/** Is this file a raw disk image, or does its content say that it is another format? */

/** How much of the start and of the end of a file the check needs, in bytes. */
export const HEAD_BYTES = 512;
export const TAIL_BYTES = 512;

interface Signature {
  readonly format: string;
  readonly where: "head" | "tail";
  readonly at: number;
  readonly magic: Buffer;
}

const ascii = (text: string) => Buffer.from(text, "latin1");

// The magics are those of the formats' own specifications (docs/interop/qcow2.rst of QEMU, VMDK 5.0, [MS-VHDX],
// Microsoft's VHD 1.0, VirtualBox's VDI.h). A fixed VHD has nothing but its footer in the last 512 bytes.
const SIGNATURES: readonly Signature[] = [
  { format: "qcow2", where: "head", at: 0, magic: Buffer.from([0x51, 0x46, 0x49, 0xfb]) },
  { format: "QED", where: "head", at: 0, magic: ascii("QED\0") },
  { format: "VMDK", where: "head", at: 0, magic: ascii("KDMV") },
  { format: "VMDK", where: "head", at: 0, magic: ascii("COWD") },
  { format: "VMDK", where: "head", at: 0, magic: ascii("# Disk DescriptorFile") },
  { format: "VHDX", where: "head", at: 0, magic: ascii("vhdxfile") },
  { format: "VHD", where: "head", at: 0, magic: ascii("conectix") },
  { format: "VHD", where: "tail", at: 0, magic: ascii("conectix") },
  { format: "VDI", where: "head", at: 0x40, magic: Buffer.from([0x7f, 0x10, 0xda, 0xbe]) },
  { format: "Parallels", where: "head", at: 0, magic: ascii("WithoutFreeSpace") },
  { format: "Parallels", where: "head", at: 0, magic: ascii("WithouFreSpacExt") },
];

/**
 * Names the disk format that a file's content announces; undefined for a raw image.
 * `head`: its first HEAD_BYTES (fewer when it is shorter); `tail`: its last TAIL_BYTES.
 */
export function formatOf(head: Uint8Array, tail: Uint8Array): string | undefined {
  return SIGNATURES.find(({ where, at, magic }) =>
    magic.equals((where === "head" ? head : tail).subarray(at, at + magic.length)),
  )?.format;
}
