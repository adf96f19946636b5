/** `npm run openapi`: writes docs/openapi.json. A test fails when the file is not what this would write. */
import { readFileSync, writeFileSync } from "node:fs";
import { openApi } from "./openapi.ts";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
writeFileSync(
  new URL("../../../docs/openapi.json", import.meta.url),
  `${JSON.stringify(openApi(version), undefined, 1)}\n`,
);
