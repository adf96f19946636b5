/** How is the client of SNS made? */
import { SNSClient } from "@aws-sdk/client-sns";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createSnsClient = (onCall: OnCall): SNSClient =>
  observed(new SNSClient({ ...CLIENT_DEFAULTS, requestHandler: HTTP }), onCall);
