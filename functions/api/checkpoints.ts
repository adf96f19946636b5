/** The API's checkpoint operations (cbr-api #30, #31). */
import { createCheckpoint as create } from "../../core/app/backup/create-checkpoint.ts";
import { showCheckpoint as show, shownCheckpoint } from "../../core/app/lists/show-checkpoint.ts";
import type { Services } from "../../core/app/services.ts";
import { parseBody } from "./kit/fields.ts";
import type { Handler } from "./kit/request.ts";
import { createCheckpointBody } from "./schemas/backups.ts";
import { checkpointView } from "./views/checkpoint.ts";

export const createCheckpoint: Handler<Services> = async (request, services) => {
  const ask = parseBody(createCheckpointBody, request.body);
  const { checkpoint, members, skipped } = await create(services, request.caller, ask);
  const shown = await shownCheckpoint(services, checkpoint, members, skipped);
  return { status: 200, body: { checkpoint: checkpointView(shown, { retentionDays: ask.retentionDays ?? -1 }) } };
};

export const showCheckpoint: Handler<Services> = async ({ projectId, path }, services) => {
  const shown = await show(services, projectId, path.checkpoint_id ?? "");
  return { status: 200, body: { checkpoint: checkpointView(shown) } };
};
