/** Names that the service gives: manual and automatic backups, members of one run, disks of a server (BKP-02, cbr-api §2.5). */

const MAX_NAME = 64;

/** `manualbk_xxxx` with 4 hexadecimal digits. */
export const defaultManualName = (random16: number): string =>
  `manualbk_${(random16 & 0xffff).toString(16).padStart(4, "0")}`;

/** `<prefix>autobk_xxxx` (G-4). */
export const defaultAutomaticName = (prefix: string, random16: number): string =>
  `${prefix}autobk_${(random16 & 0xffff).toString(16).padStart(4, "0")}`;

/** The name of member `index` (0-based) of `count`: suffixes -0001, -0002 … only when there are several. */
export function memberName(name: string, index: number, count: number): string {
  if (count === 1) return name;
  const suffix = `-${String(index + 1).padStart(4, "0")}`;
  return name.slice(0, MAX_NAME - suffix.length) + suffix;
}

/** `<parent name>_<disk name>`: the disk-level child of a server backup. */
export const childName = (parent: string, disk: string): string => `${parent}_${disk}`;
