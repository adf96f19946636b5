/** How is the client of DynamoDB made? */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CLIENT_DEFAULTS, type OnCall, observed } from "../clients.ts";
import { HTTP } from "./http.ts";

export const createDynamoClient = (onCall: OnCall): DynamoDBClient =>
  observed(new DynamoDBClient({ ...CLIENT_DEFAULTS, requestHandler: HTTP }), onCall);
