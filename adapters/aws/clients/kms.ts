/** How is the client of KMS made? */
import { KMSClient } from "@aws-sdk/client-kms";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createKmsClient = (onCall: OnCall): KMSClient =>
  observed(new KMSClient({ ...CLIENT_DEFAULTS, requestHandler: HTTP }), onCall);
