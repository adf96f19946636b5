/** Makes the AWS SDK's defaults those of the AWS under test, in every test file of this folder. */
import { inject } from "vitest";

Object.assign(process.env, inject("aws").env);
