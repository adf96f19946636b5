/** Does a KMS key, as the emulators have it, keep the promises of a key service? */
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { afterAll, describe, expect, inject, test } from "vitest";
import { createKmsKeys } from "../../adapters/aws/kms-keys.ts";
import { keyServiceContract } from "../contracts/key-service.ts";

const aws = inject("aws");
/** moto refuses changed bytes, other keys and other contexts; ministack takes most of them. */
const strict = new KMSClient({ maxAttempts: 2, ...(aws.ec2 === undefined ? {} : { endpoint: aws.ec2 }) });
/** ministack knows disabled keys and those to be deleted; moto uses them on. */
const stateful = new KMSClient({ maxAttempts: 2 });
const made: string[] = [];

async function newKey(client: KMSClient): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ Description: "made by a test of Holdfast" }));
  const id = KeyMetadata?.Arn ?? "";
  if (aws.kind === "given") made.push(id);
  return id;
}

afterAll(async () => {
  for (const KeyId of made) await strict.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
});

keyServiceContract("KMS", async () => {
  const keyId = await newKey(strict);
  const open = () => createKmsKeys({ client: strict, keyId });
  return {
    keys: open(),
    reopen: async () => open(),
    other: async () => createKmsKeys({ client: strict, keyId: await newKey(strict) }),
    dispose: async () => undefined,
  };
});

describe("a KMS key", () => {
  const secret = new Uint8Array([1, 2, 3]);
  const context = { purpose: "test" };

  test("that is disabled is named with what to do, and works again when enabled", async () => {
    const KeyId = await newKey(stateful);
    const keys = createKmsKeys({ client: stateful, keyId: KeyId });
    const wrapped = await keys.wrap(secret, context);
    await stateful.send(new DisableKeyCommand({ KeyId }));
    for (const call of [keys.wrap(secret, context), keys.unwrap(wrapped, context)])
      await expect(call).rejects.toThrow(new RegExp(`^KMS key ${KeyId} cannot be used, it is disabled: enable it`));
    await stateful.send(new EnableKeyCommand({ KeyId }));
    await expect.poll(() => keys.unwrap(wrapped, context).catch(String), { timeout: 30_000 }).toEqual(secret);
  });

  test("that is to be deleted is named with what to do, and works again when that is cancelled", async () => {
    const KeyId = await newKey(stateful);
    const keys = createKmsKeys({ client: stateful, keyId: KeyId });
    const wrapped = await keys.wrap(secret, context);
    await stateful.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    for (const call of [keys.wrap(secret, context), keys.unwrap(wrapped, context)])
      await expect(call).rejects.toThrow(/cannot be used, its state does not allow it.*kms:CancelKeyDeletion/);
    await stateful.send(new CancelKeyDeletionCommand({ KeyId }));
    await stateful.send(new EnableKeyCommand({ KeyId }));
    await expect.poll(() => keys.unwrap(wrapped, context).catch(String), { timeout: 30_000 }).toEqual(secret);
  });

  test("that does not exist is an error that says so", async () => {
    const keyId = (await newKey(stateful)).replace(/[0-9a-f-]{36}$/, "00000000-0000-4000-8000-000000000000");
    const keys = createKmsKeys({ client: stateful, keyId });
    await expect(keys.wrap(secret, context)).rejects.toThrow("there is no such key in this account and region");
  });
});
