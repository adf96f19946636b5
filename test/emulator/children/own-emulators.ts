/** A process that starts an emulator and then does nothing: harness.test.ts kills it. */
import { startEmulators } from "../../support/emulators/start.ts";

const { ec2 } = await startEmulators({ moto: true });
console.log(ec2);
setInterval(() => undefined, 60_000);
