/** A process that tries to own a data folder, says how that went, and lives until it is killed. */
import { openDataFolder } from "../../../../adapters/local/data-folder.ts";

try {
  const { generation } = openDataFolder({ folder: process.argv[2] ?? "", create: true });
  console.log(`owner ${generation}`);
} catch (error) {
  console.log(`refused ${(error as Error).message}`);
}
// The test ends it; without the test its standard input closes.
process.stdin.on("end", () => process.exit()).resume();
