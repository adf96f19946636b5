/** Restores to disk images write the live image itself: nothing is made beside it and nothing takes its place. */
import type { HeldTarget, RestoreTargets } from "../../../core/ports/restore-targets.ts";

async function* nothing(): AsyncGenerator<HeldTarget> {}

export function createImageTargets(): RestoreTargets {
  return {
    prepare: async ({ targets }) => targets,
    finish: async () => ({ done: true, readBack: [] }),
    replacements: async () => ({ done: true, replacements: [] }),
    swap: async () => ({ done: true }),
    inPlace: async () => [],
    abandon: async () => undefined,
    held: nothing,
    discard: async ({ id }) => {
      throw new Error(`no restore to an image made ${id}`);
    },
  };
}
