/** Which Python has the pinned emulators? Made on first use, under `.emulators/` at the root of the repository. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Everything the emulators leave behind: the virtual environment and the logs. */
export const EMULATORS_FOLDER = join(ROOT, ".emulators");

/** A tool that the emulators need is not on this machine; the message says what to install. */
export class EmulatorToolMissing extends Error {
  override readonly name = "EmulatorToolMissing";
}

/**
 * Path of a Python that has the packages of `requirements.txt`; installs them if need be (about a minute, once).
 * `HOLDFAST_EMULATOR_PYTHON` names one that has them already; nothing is installed then.
 *
 * @throws EmulatorToolMissing when there is no `python3`, or one that cannot make virtual environments
 */
export async function emulatorPython(): Promise<string> {
  const given = process.env.HOLDFAST_EMULATOR_PYTHON;
  if (given) return resolve(given);
  const script = fileURLToPath(new URL("make_venv.py", import.meta.url));
  const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));
  const child = spawn("python3", [script, join(EMULATORS_FOLDER, "venv"), requirements], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let path = "";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    path += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    process.stderr.write(text);
  });
  const code = await new Promise<number | null>((done, reject) => {
    child.on("close", done);
    child.on("error", (error) =>
      reject(
        new EmulatorToolMissing(
          `cannot run python3 (${error.message}): install Python 3.10 or newer with venv ` +
            "(Debian, Ubuntu: apt-get install python3 python3-venv)",
          { cause: error },
        ),
      ),
    );
  });
  if (code !== 0) throw new EmulatorToolMissing(`the emulators could not be installed: ${said.trim().slice(-2_000)}`);
  return path.trim();
}
