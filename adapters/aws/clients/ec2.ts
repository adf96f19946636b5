/** How is the client of EC2 made? */
import { EC2Client } from "@aws-sdk/client-ec2";
import { CLIENT_DEFAULTS, type OnCall, observed, tellingUnavailable } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createEc2Client = (onCall: OnCall): EC2Client =>
  observed(tellingUnavailable(new EC2Client({ ...CLIENT_DEFAULTS, requestHandler: HTTP })), onCall);
