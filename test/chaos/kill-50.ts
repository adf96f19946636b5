/**
 * The long run: `npm run test:chaos [seed]` kills a service at more than fifty moments and prints what became of each.
 * The image has two leaves and at least 128 MiB of data. Ends with 1 when anything that was promised did not hold.
 */
import { cpus } from "node:os";
import { journalText } from "../support/service-process-plan.ts";
import { type Durations, fiftyKills } from "./fifty-kills.ts";
import { nameOf, STAGES, type Stage, type Survived, survive } from "./run-moment.ts";
import { seeded } from "./seeded.ts";
import { World } from "./world.ts";

const MIB = 1024 ** 2;
const SIZE = { imageBytes: 640 * MIB + 512 * 3, dataBytes: 136 * MIB };
/** Every stage that the promise names is hit this often at least. */
const EACH = 5;

const seed = Number(process.argv[2] ?? 20_261_122);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** How long the work takes when nothing is killed: the faster of two times, so that kills come while it goes on. */
async function measure(world: World): Promise<Durations> {
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  const [oldest] = await world.ownBackups();
  const backUp = () => world.backUp(false);
  const restore = () => world.restore(oldest?.id ?? "");
  const transfers = [await timed(backUp), await timed(backUp)];
  const restores = [await timed(restore), await timed(restore)];
  // Both groups go on at once; what is left of the time is requests, captures, looking, and comparing the disk.
  return { transfer: Math.min(...transfers) / 3, restore: Math.min(...restores) / 3 };
}

async function run(): Promise<boolean> {
  const random = seeded(seed);
  say(`seed ${seed}; Node ${process.versions.node}; ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`);
  const world = await World.create(SIZE, random);
  const durations = await measure(world);
  const kills = fiftyKills(durations, random);
  say(
    `${kills.length} kills; kills within about ${Math.round(durations.transfer)} ms of a transfer, ` +
      `${Math.round(durations.restore)} ms of a restore\n`,
  );
  say("| # | stage | moment | journal at the kill | answered | outcome | ready, s | idle, s |");
  say("| --- | --- | --- | --- | --- | --- | --- | --- |");
  const survived: Survived[] = [];
  const began = performance.now();
  for (const [i, each] of kills.entries()) {
    try {
      const one = await survive(world, each);
      survived.push(one);
      const { death, acknowledged, outcome, readyMs, idleMs } = one;
      say(
        `| ${i + 1} | ${stageOf(one)} | ${nameOf(each)} (${death.afterMs} ms) | ${journalText(death.journal)} | ` +
          `${acknowledged ? "yes" : "no"} | ${outcome} | ${(readyMs / 1000).toFixed(2)} | ${(idleMs / 1000).toFixed(2)} |`,
      );
    } catch (error) {
      say(`\nFAILED at kill ${i + 1}, ${each.stage}, ${nameOf(each)}: ${(error as Error).stack}\n${world.lastWords()}`);
      say(`what it left is in ${world.work}`);
      await world.service.kill();
      return false;
    }
  }
  await world.close();
  return summary(survived, (performance.now() - began) / 1000);
}

/** A kill after a time counts for its stage only when it found the task at work. */
function stageOf({ kill, death }: Survived): Stage {
  const { at } = kill.plan;
  return typeof at === "object" && "ms" in at && !death.inside ? "other" : kill.stage;
}

function summary(survived: readonly Survived[], seconds: number): boolean {
  const count = <T extends string>(values: readonly T[]): string =>
    [...new Set(values)].map((value) => `${value} ${values.filter((v) => v === value).length}`).join(", ");
  const stages = survived.map(stageOf);
  const slowest = Math.max(...survived.map((s) => s.readyMs)) / 1000;
  say(
    `\n${survived.length} kills survived in ${Math.round(seconds)} s. Stages: ${count(stages)}. ` +
      `Outcomes: ${count(survived.map((s) => s.outcome))}. Ready after ${slowest.toFixed(2)} s at most.`,
  );
  const thin = STAGES.filter((stage) => stage !== "other" && stages.filter((s) => s === stage).length < EACH);
  if (thin.length > 0) say(`too few kills in: ${thin.join(", ")}`);
  return thin.length === 0;
}

process.exitCode = (await run()) ? 0 : 1;
