/** `npm run concurrency`: writes docs/developer/concurrency.md. */
import { writeFileSync } from "node:fs";
import { page } from "./page.ts";

writeFileSync(new URL("../../docs/developer/concurrency.md", import.meta.url), page());
