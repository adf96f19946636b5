/** `npm run behaviours`: writes docs/developer/behaviours.md. */
import { writeFileSync } from "node:fs";
import { behaviours, page } from "./table.ts";

writeFileSync(new URL("../../docs/developer/behaviours.md", import.meta.url), page(behaviours()));
