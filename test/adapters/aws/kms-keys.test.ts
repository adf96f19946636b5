/** What does the service do in the states of a KMS key that no emulator shows? */
import { Readable } from "node:stream";
import { KMSClient } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createKmsKeys } from "../../../adapters/aws/kms-keys.ts";
import { KeyMismatch } from "../../../core/ports/key-service.ts";
import { offline, sentText, socketError } from "./wire.ts";

const KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const context = { purpose: "domain-key", domain: "d1" };
const some = new Uint8Array([1, 2, 3]);

/** KMS that answers everything so; what it was asked. */
function kms(statusCode: number, body: object) {
  const asked: { readonly call: string | undefined; readonly input: Record<string, unknown> }[] = [];
  const client = offline(KMSClient, {}, (request) => {
    asked.push({ call: request.headers["x-amz-target"], input: JSON.parse(sentText(request)) });
    const bytes = Buffer.from(JSON.stringify(body));
    return { statusCode, headers: { "content-type": "application/x-amz-json-1.1" }, body: Readable.from([bytes]) };
  });
  return { keys: createKmsKeys({ client, keyId: KEY }), asked };
}

const refusing = (type: string, message: string, status = 400) => kms(status, { __type: type, message });

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof Error) return error;
  throw new Error(`not refused: ${String(error)}`);
}

test("Decrypt is told the key, so that bytes of another key are refused, and both calls the context", async () => {
  const { keys, asked } = kms(200, { CiphertextBlob: "AQID", Plaintext: "BAUG" });
  expect(await keys.wrap(some, context)).toEqual(new Uint8Array([1, 2, 3]));
  expect(await keys.unwrap(some, context)).toEqual(new Uint8Array([4, 5, 6]));
  expect(asked).toEqual([
    { call: "TrentService.Encrypt", input: { KeyId: KEY, Plaintext: "AQID", EncryptionContext: context } },
    { call: "TrentService.Decrypt", input: { KeyId: KEY, CiphertextBlob: "AQID", EncryptionContext: context } },
  ]);
});

// docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html, "Errors".
describe("Decrypt", () => {
  const differing = {
    InvalidCiphertextException: "",
    IncorrectKeyException: "The key ID in the request does not identify a CMK that can perform this operation.",
    AccessDeniedException:
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
  };
  for (const [type, message] of Object.entries(differing)) {
    test(`says KeyMismatch for ${type}: key, context or bytes differ`, async () => {
      expect(await errorOf(refusing(type, message).keys.unwrap(some, context))).toBeInstanceOf(KeyMismatch);
    });
  }

  test("says KeyMismatch for bytes that KMS never gives, without asking it", async () => {
    const { keys, asked } = kms(200, {});
    for (const length of [0, 6145])
      expect(await errorOf(keys.unwrap(new Uint8Array(length), context))).toBeInstanceOf(KeyMismatch);
    expect(asked).toEqual([]);
  });
});

// docs.aws.amazon.com/kms/latest/developerguide/key-state.html: the error of each state, for cryptographic operations.
describe("a key that cannot be used", () => {
  const states: [string, string, number, RegExp][] = [
    ["DisabledException", `${KEY} is disabled.`, 400, /enable it \(kms:EnableKey\)/],
    ["KMSInvalidStateException", `${KEY} is pending deletion.`, 400, /cancel that \(kms:CancelKeyDeletion\)/],
    ["KMSInvalidStateException", `${KEY} is pending import.`, 400, /its state does not allow it/],
    ["KeyUnavailableException", "not available", 500, /try again, and look at its key store/],
    ["NotFoundException", `Key '${KEY}' does not exist`, 400, /no such key in this account and region/],
    [
      "AccessDeniedException",
      "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: kms:Decrypt on this resource",
      400,
      /allow kms:Encrypt and kms:Decrypt in the role's policy and in the key's/,
    ],
    ["ThrottlingException", "Rate exceeded", 400, /too many calls/],
    ["KMSInternalException", "internal", 500, /try again/],
  ];
  for (const [type, message, status, advice] of states) {
    test(`(${type}: ${message.replace(KEY, "key")}) is named with what to do, and is no mismatch`, async () => {
      for (const call of ["wrap", "unwrap"] as const) {
        const error = await errorOf(refusing(type, message, status).keys[call](some, context));
        expect(error).not.toBeInstanceOf(KeyMismatch);
        expect(error.name).toBe("KeyUnavailable");
        expect(error.message).toMatch(advice);
        expect(error.message).toContain(`KMS key ${KEY} cannot be used`);
        expect(error.message).toContain(type);
      }
    });
  }

  test("because nothing answers is no mismatch either", async () => {
    const client = offline(KMSClient, {}, () => {
      throw socketError("ECONNREFUSED");
    });
    const error = await errorOf(createKmsKeys({ client, keyId: KEY }).unwrap(some, context));
    expect(error.name).toBe("KeyUnavailable");
  });

  test("to wrap is never called a mismatch, whatever KMS says", async () => {
    const { keys } = refusing("AccessDeniedException", "The ciphertext refers to a customer master key …");
    expect((await errorOf(keys.wrap(some, context))).name).toBe("KeyUnavailable");
  });
});

test("sizes are checked before KMS is asked", async () => {
  const { keys, asked } = kms(200, {});
  expect(await errorOf(keys.wrap(new Uint8Array(4097), context))).toBeInstanceOf(RangeError);
  expect(await errorOf(keys.wrap(new Uint8Array(0), context))).toBeInstanceOf(RangeError);
  expect(await errorOf(keys.wrap(some, { long: "x".repeat(8200) }))).toBeInstanceOf(RangeError);
  expect(await errorOf(keys.unwrap(some, { long: "x".repeat(8200) }))).toBeInstanceOf(RangeError);
  expect(asked).toEqual([]);
});

test("an answer without bytes is an error", async () => {
  const { keys } = kms(200, {});
  expect((await errorOf(keys.wrap(some, context))).message).toContain("holds no bytes");
  expect((await errorOf(keys.unwrap(some, context))).message).toContain("holds no bytes");
});
