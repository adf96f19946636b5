/** `holdfast demo`: shows on throwaway data what Holdfast is for. */
import type { Command } from "commander";
import { action, example } from "../context.ts";

/** Adds `demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .description("back up a throwaway disk twice, destroy it, restore both states and compare them")
    .addHelpText("after", example("holdfast demo"))
    .action(
      action<object, []>(async (context) => {
        // Loaded by this command only: all others start faster without it.
        const { demo } = await import("../demo/demo.ts");
        await demo(context);
      }),
    );
}
