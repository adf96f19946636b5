/** How is the client of EventBridge made? */
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createEventsClient = (onCall: OnCall): EventBridgeClient =>
  observed(new EventBridgeClient({ ...CLIENT_DEFAULTS, requestHandler: HTTP }), onCall);
