/** The AWS host, for the scenarios: the deployed stacks, called through API Gateway; disks are EBS volumes. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { createDynamoRecords } from "../../adapters/aws/dynamodb-records.ts";
import { Claim } from "../../core/app/records/entities.ts";
import { bindingKey, claimKey } from "../../core/app/records/keys.ts";
import { parseItem } from "../../core/app/records/record.ts";
import { bindings, load } from "../../core/app/records/tables.ts";
import { GIB } from "../e2e/scenarios/content.ts";
import type { ApiAddress, ScenarioHost } from "../e2e/scenarios/host.ts";
import { awsDisks } from "./aws-disks.ts";
import type { Deployed } from "./deploy.ts";

/**
 * Where the API of a deployment answers. The emulator's own address for it does not resolve; it goes by the Host header,
 * as API Gateway does, and so do signatures.
 */
function apiAddress({ outputs }: Deployed, endpoint: string | undefined): ApiAddress {
  if (endpoint === undefined) {
    const { origin, host } = new URL(outputs.ApiUrl ?? "");
    return { connect: origin, hostHeader: host };
  }
  return { connect: endpoint, hostHeader: `${outputs.ApiId}.execute-api.localhost:${new URL(endpoint).port}` };
}

/** The scenarios' host on a deployment. */
export function openAwsHost(deployed: Deployed): ScenarioHost {
  const { outputs, credentials } = deployed;
  const disks = awsDisks();
  const s3 = new S3Client({ forcePathStyle: true });
  const table = outputs.TableName ?? "";
  const records = createDynamoRecords({ client: new DynamoDBClient(), table, now: Date.now });

  /** A restore puts a new volume in the place of the old one; clients, and scenarios, go on with the first id. */
  async function currentVolume(id: string): Promise<string> {
    const item = await records.get(claimKey(credentials.project_id, id), { consistent: true });
    if (item === undefined) return id;
    const { vaultId, via } = parseItem(Claim, item);
    const binding = await load(records, bindings, bindingKey(vaultId, via));
    return binding?.replaced?.[id] ?? id;
  }

  return {
    name: "AWS",
    address: apiAddress(deployed, process.env.AWS_ENDPOINT_URL),
    credentials,
    smallDisk: GIB,
    pollMs: 250,
    makeDisk: ({ sizeBytes, pieces }) => disks.make(sizeBytes, pieces),
    makeServer: (diskIds) => disks.server(diskIds),
    overwrite: async (id, pieces) => disks.overwrite(await currentVolume(id), pieces),
    digest: async (id) => disks.digest(await currentVolume(id)),
    async storedBytes() {
      let sum = 0;
      for await (const { Contents } of paginateListObjectsV2({ client: s3 }, { Bucket: outputs.BucketName }))
        for (const { Size } of Contents ?? []) sum += Size ?? 0;
      return sum;
    },
    // The emulators end with the tests, and what they hold ends with them.
    dispose: async () => undefined,
  };
}
