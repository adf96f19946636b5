/** Where are `tools/restore.py`, its tests, and the Python that can run them? */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Python, pythonWith } from "../support/python.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The reader under test, and the folder of its Python tests. */
export const RESTORE = join(ROOT, "tools", "restore.py");
export const PYTHON_TESTS = join(ROOT, "test", "tools");

/**
 * Finds or makes the Python; some twenty seconds the first time.
 *
 * @throws Error under `CI=true` when it cannot be had: there a missing tool is a failure
 */
export const restorePython = (): Promise<Python> => pythonWith("holdfast-restore", "tools/requirements.txt");
