/** How is the client of DynamoDB made? */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createDynamoClient = (onCall: OnCall): DynamoDBClient =>
  // The record store is asked again by core/app (retrying-store.ts): two layers of patience would multiply. While all is
  // throttled, one question ends after 17 s; adaptive it was 60 s, longer than the functions of most tasks and the API have.
  observed(
    new DynamoDBClient({ ...CLIENT_DEFAULTS, retryMode: "standard", maxAttempts: 3, requestHandler: HTTP }),
    onCall,
  );
