/** How is the client of EBS direct made? */
import { EBSClient } from "@aws-sdk/client-ebs";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createEbsClient = (onCall: OnCall): EBSClient =>
  observed(new EBSClient({ ...CLIENT_DEFAULTS, requestHandler: HTTP }), onCall);
