/** Starts a process that owns an emulator of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** @returns the process and where its moto answers */
export async function spawnOwner(): Promise<{ readonly child: ChildProcess; readonly ec2: string }> {
  const script = fileURLToPath(new URL("children/own-emulators.ts", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) return { child, ec2: line };
  throw new Error("the process that owns the emulator ended early");
}
