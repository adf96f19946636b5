/** Which version of the program is this? */
import manifest from "../package.json" with { type: "json" };

/** As package.json says. */
export const programVersion = (): string => manifest.version;
