/** How is the client of Step Functions made? */
import { SFNClient } from "@aws-sdk/client-sfn";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createSfnClient = (onCall: OnCall): SFNClient =>
  observed(new SFNClient({ ...CLIENT_DEFAULTS, requestHandler: HTTP }), onCall);
