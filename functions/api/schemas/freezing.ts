/** Which bodies freezing a vault and its contrary take (an extension of ours). */
import { z } from "zod";
import { FROZEN_SCENES } from "../../../core/domain/statuses.ts";

/** POST freeze: why; nobody pays for it when that is not said. */
export const freezeBody = z
  .object({ scene: z.enum(FROZEN_SCENES).nullish() })
  .transform(({ scene }) => ({ scene: scene ?? undefined }));

/** POST unfreeze: an object, and nothing of it counts. */
export const unfreezeBody = z.object({});
