/** The one-machine host's clock and chance: the only place where they come from the system. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "../core/domain/values.ts";

export const now: Clock = () => Date.now();
export const newId = (): string => randomUUID();
export const randomOf = (n: number): Uint8Array => new Uint8Array(randomBytes(n));
