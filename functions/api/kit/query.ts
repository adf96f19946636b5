/** How handlers read query parameters: by the decoding that signatures are checked with, so that what is verified is what is used. */
import { queryPairs } from "../../../core/app/identity/canonical-request.ts";

/** The query of one request. An empty value counts as absent, as clients send `name=` for "no filter". */
export class Query {
  readonly #pairs: readonly (readonly [string, string])[];
  /** Names that were read, there or not: tests hold them against the contract. */
  readonly asked = new Set<string>();
  constructor(rawQueryString: string) {
    this.#pairs = queryPairs(rawQueryString);
  }

  /** First non-empty value. */
  get(name: string): string | undefined {
    this.asked.add(name);
    return this.#pairs.find(([key, value]) => key === name && value !== "")?.[1];
  }

  /** Every value of an array parameter, in both spellings: repeated (`id=a&id=b`) and comma-joined (`id=a,b`). */
  values(name: string): readonly string[] {
    this.asked.add(name);
    return this.#pairs
      .filter(([key]) => key === name)
      .flatMap(([, value]) => value.split(","))
      .map((value) => value.trim())
      .filter((value) => value !== "");
  }
}
