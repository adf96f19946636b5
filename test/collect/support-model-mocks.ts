/** Puts the model's cheap parts in place of the engine's costly ones; to be imported before anything of the engine. */
import { vi } from "vitest";

vi.mock("node:crypto", async (original) => {
  const { randomBytes } = await import("./support-model-engine.ts");
  return { ...(await original<object>()), randomBytes };
});
vi.mock("../../core/engine/numbers.ts", async (original) => {
  const { tinyNumbers } = await import("./support-model-engine.ts");
  return { ...(await original<object>()), ...tinyNumbers };
});
vi.mock("../../core/engine/sealed-box.ts", async (original) => {
  const { plainBox } = await import("./support-model-engine.ts");
  return { ...(await original<object>()), ...plainBox };
});
vi.mock("../../core/engine/domain-crypto.ts", async (original) => {
  const { plainDomain } = await import("./support-model-engine.ts");
  return { ...(await original<object>()), ...plainDomain };
});
vi.mock("../../core/engine/zstd.ts", async (original) => {
  const { noZstd } = await import("./support-model-engine.ts");
  return { ...(await original<object>()), ...noZstd };
});
vi.mock("../../core/engine/pages.ts", async () => (await import("./support-model-engine.ts")).smallPages);
