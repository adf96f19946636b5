/** How is the client of S3 made? */
import { S3Client } from "@aws-sdk/client-s3";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createS3Client = (onCall: OnCall): S3Client =>
  // Packs need no leave to be sent: waiting for it costs a connection, with its handshake, for each.
  observed(new S3Client({ ...CLIENT_DEFAULTS, requestHandler: HTTP, expectContinueHeader: false }), onCall);
