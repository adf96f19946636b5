/** Which body freezing a vault and its contrary take (an extension of ours): an object, and nothing of it counts. */
import { z } from "zod";

/** POST freeze and unfreeze. */
export const freezeBody = z.object({});
