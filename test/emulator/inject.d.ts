/** What global-setup.ts hands to every test of this folder: `inject("aws")`. */
import "vitest";
import type { AwsUnderTest } from "./global-setup.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly aws: AwsUnderTest;
  }
}
