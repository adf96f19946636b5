/** Is the first account of a deployment told of once? */
import { randomBytes, randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bootstrapIdentity, bootstrapOnce } from "../../../core/app/identity/bootstrap.ts";
import { BootstrapAnswer } from "../../../functions/aws/admin-contract.ts";
import { memoryKeyService, temporaryRecords } from "../../api/kit/identity-host.ts";

let host: ReturnType<typeof temporaryRecords>;
beforeEach(() => {
  host = temporaryRecords(() => 0);
});
afterEach(() => host.close());

const deps = () => ({
  records: host.records,
  keys: memoryKeyService(),
  newId: randomUUID,
  randomBytes,
  region: "eu-west-1",
  domainName: "holdfast",
  userName: "admin",
});

describe("the first account", () => {
  test("is told with its secrets to whoever makes it, and they are the ones that are stored", async () => {
    const given = deps();
    const answer = BootstrapAnswer.parse(await bootstrapOnce(given));
    if (!answer.created) throw new Error("it was not made");
    expect(answer.credentials).toEqual(await bootstrapIdentity(given));
  });

  test("is told without any secret afterwards, and nothing is unsealed for that", async () => {
    const given = deps();
    const first = await bootstrapOnce(given);
    if (!first.created) throw new Error("it was not made");
    const keys = {
      ...given.keys,
      unwrap: () => {
        throw new Error("unsealed");
      },
    };
    const second = await bootstrapOnce({ ...given, keys });
    const { password, secret_key, ...account } = first.credentials;
    expect(second).toEqual({ created: false, account });
    expect(JSON.stringify(second)).not.toContain(password);
    expect(JSON.stringify(second)).not.toContain(secret_key);
  });

  test("is made by one of two at once; the other learns no secret", async () => {
    const given = deps();
    const answers = await Promise.all([bootstrapOnce(given), bootstrapOnce(given)]);
    expect(answers.map(({ created }) => created).toSorted()).toEqual([false, true]);
  });
});
