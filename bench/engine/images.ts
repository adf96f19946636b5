/** Measures every program on v1 and v2 of the images: backup, incremental, restore, verify, sizes and memory. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { calibrate, type Rates } from "./calibrate.ts";
import { copyState, emptyFolder, fingerprint, mibOf, mustEqual, warm } from "./folders.ts";
import { type Limited, limitsOf, shareOfLimit } from "./limits.ts";
import { type Command, type Cost, measure, median, round, run, say, settle } from "./measure.ts";
import { OURS, type Program } from "./program.ts";
import { type Workload, workloadOf } from "./workload.ts";

/** What is done, in this order in every round. The last of each pair only we have. */
const OPERATIONS = ["full", "incremental", "incremental-list", "restore", "restore-read-back", "verify"] as const;
export type Operation = (typeof OPERATIONS)[number];
const OURS_ONLY: readonly Operation[] = ["incremental-list", "restore-read-back"];

/** One measured process. */
interface Sample extends Cost {
  readonly round: number;
  readonly operation: Operation;
  readonly program: string;
}

/** What a program keeps, MiB by length of files. */
interface Kept {
  readonly afterV1: number;
  /** What the backup of v2 added. */
  readonly v2: number;
  /** Ours only: v1 at level 3. */
  readonly afterV1Level3?: number;
}

/** Everything that the section found. */
export interface ImagesResult {
  readonly rounds: number;
  readonly workload: Workload;
  /** One an entry: every round calibrates once. */
  readonly calibrations: readonly Rates[];
  readonly limits: Readonly<Record<Limited, number>>;
  readonly samples: readonly Sample[];
  readonly medians: Readonly<Record<string, Readonly<Partial<Record<Operation, Cost>>>>>;
  readonly kept: Readonly<Record<string, Kept>>;
  /** Share of the limit, by program: those without change lists read everything instead. */
  readonly shares: Readonly<Record<string, number>>;
}

/** The images are v1.img, v2.img and v2.changed in `images`; `work` is a folder of our own on the disk that is measured. */
export async function measureImages(
  images: string,
  work: string,
  programs: readonly Program[],
  rounds: number,
): Promise<ImagesResult> {
  const [v1, v2, list] = ["v1.img", "v2.img", "v2.changed"].map((name) => join(images, name)) as [
    string,
    string,
    string,
  ];
  say("counting what the images ask for");
  const { offsets, ...workload } = workloadOf(v1, v2, list);
  const bench = new ImagesBench({ v1, v2, list }, work);
  const calibrations: Rates[] = [];
  for (let number = 1; number <= rounds; number++) {
    settle();
    warm(v1, v2);
    calibrations.push(await calibrate(v1, offsets, work));
    // Another program begins each round, so that none is always the one after the slowest.
    const order = programs.map((_, i) => programs[(i + number - 1) % programs.length] as Program);
    for (const operation of OPERATIONS) for (const program of order) await bench.once(number, operation, program);
  }
  const ours = programs.find(({ name }) => name === OURS);
  if (ours !== undefined) await bench.weighLevel3(ours);
  bench.checkStates(programs);
  const rates = Object.fromEntries(
    Object.keys(calibrations[0] ?? {}).map((step) => [
      step,
      median(calibrations.map((rate) => rate[step as keyof Rates])),
    ]),
  ) as Rates;
  const limits = limitsOf(workload, rates);
  const medians = mediansOf(bench.samples);
  const shares = Object.entries(medians).map(([name, costs]) => {
    const wall = (operation: Limited): number => (costs[operation] ?? costs.incremental)?.wall ?? Number.NaN;
    return [name, shareOfLimit(limits, wall)] as const;
  });
  return {
    ...{ rounds, workload, calibrations, limits, samples: bench.samples, medians },
    kept: bench.kept,
    shares: Object.fromEntries(shares),
  };
}

interface Inputs {
  readonly v1: string;
  readonly v2: string;
  readonly list: string;
}

class ImagesBench {
  readonly samples: Sample[] = [];
  readonly kept: Record<string, Kept> = {};
  readonly #inputs: Inputs;
  readonly #work: string;
  readonly #prints = new Map<string, string>();
  readonly #compared = new Set<string>();

  constructor(inputs: Inputs, work: string) {
    this.#inputs = inputs;
    this.#work = work;
  }

  async once(number: number, operation: Operation, program: Program): Promise<void> {
    if (program.name !== OURS && OURS_ONLY.includes(operation)) return;
    const { rss, cpu, wall } = await this.#do(operation, program);
    this.samples.push({ round: number, operation, program: program.name, wall, cpu, rss });
    say(`round ${number}: ${operation} ${program.name} ${wall} s, ${cpu} s of processor, ${rss} MiB`);
  }

  /** The size only: time at level 3 is no target. */
  async weighLevel3(program: Program): Promise<void> {
    const state = this.#fresh(program);
    run(program.backup(state, { image: this.#inputs.v1, label: "v1", level: 3 }));
    const before = this.kept[program.name] as Kept;
    this.kept[program.name] = { ...before, afterV1Level3: mibOf(...program.stored(state)) };
    rmSync(state, { recursive: true });
  }

  /** @throws Error when a program wrote into a prepared state, which is shared by hard links */
  checkStates(programs: readonly Program[]): void {
    for (const { name } of programs)
      for (const label of ["v1", "v2"]) {
        const path = this.#saved(name, label);
        if (fingerprint(path) !== this.#prints.get(path)) throw new Error(`${name} wrote into ${path}`);
      }
  }

  #do(operation: Operation, program: Program): Promise<Cost> {
    const { v1, v2, list } = this.#inputs;
    switch (operation) {
      case "full":
        return this.#backUp(program, this.#fresh(program), { image: v1, label: "v1" });
      case "incremental":
        return this.#backUp(program, this.#take(program, "v1"), { image: v2, label: "v2" });
      case "incremental-list":
        return this.#backUp(program, this.#take(program, "v1"), { image: v2, label: "v2-list", changed: list });
      case "restore":
      case "restore-read-back":
        return this.#restore(program, operation === "restore-read-back");
      case "verify":
        return this.#timed(program, (state) => program.verify(state, "v2"));
    }
  }

  async #backUp(
    program: Program,
    state: string,
    backup: { readonly image: string; readonly label: string; readonly changed?: string },
  ): Promise<Cost> {
    const command = program.backup(state, backup);
    warm(backup.image);
    settle();
    const cost = await measure(command);
    const saved = this.#saved(program.name, backup.label);
    if (backup.label !== "v2-list" && !existsSync(saved)) this.#save(program, state, backup.label, saved);
    rmSync(state, { recursive: true });
    return cost;
  }

  #save(program: Program, state: string, label: string, saved: string): void {
    copyState(state, saved);
    this.#prints.set(saved, fingerprint(saved));
    const size = mibOf(...program.stored(state));
    const before = this.kept[program.name]?.afterV1 ?? size;
    this.kept[program.name] =
      label === "v1" ? { afterV1: size, v2: 0 } : { afterV1: before, v2: round(size - before, 2) };
  }

  #restore(program: Program, readBack: boolean): Promise<Cost> {
    const folder = emptyFolder(join(this.#work, "restored"));
    const name = `${program.name}${readBack ? ", read back" : ""}`;
    return this.#timed(
      program,
      (state) => program.restore(state, "v2", folder, { readBack }).command,
      (state) => {
        if (this.#compared.has(name)) return;
        const file = program.restore(state, "v2", folder, { readBack }).file(this.#inputs.v2);
        mustEqual(file, this.#inputs.v2, `${name}: ${file}`);
        this.#compared.add(name);
      },
    ).finally(() => rmSync(folder, { recursive: true }));
  }

  /** On the state after v2, its files in the page cache. */
  async #timed(
    program: Program,
    commandOn: (state: string) => Command,
    check: (state: string) => void = () => {},
  ): Promise<Cost> {
    const state = this.#take(program, "v2");
    const command = commandOn(state);
    warm(...program.stored(state));
    settle();
    const cost = await measure(command);
    check(state);
    rmSync(state, { recursive: true });
    return cost;
  }

  /** Always the same path: programs remember where their repository lies. */
  #state(program: Program): string {
    return join(this.#work, program.name, "state");
  }

  #saved(name: string, label: string): string {
    return join(this.#work, name, `after-${label}`);
  }

  #fresh(program: Program): string {
    const state = emptyFolder(this.#state(program));
    for (const command of program.init(state)) run(command);
    return state;
  }

  #take(program: Program, label: string): string {
    const state = this.#state(program);
    copyState(this.#saved(program.name, label), state);
    return state;
  }
}

function mediansOf(samples: readonly Sample[]): ImagesResult["medians"] {
  const medians: Record<string, Partial<Record<Operation, Cost>>> = {};
  for (const { program, operation } of samples) {
    const same = samples.filter((sample) => sample.program === program && sample.operation === operation);
    const middle = (part: keyof Cost): number => median(same.map((sample) => sample[part]));
    // Memory is the most of all rounds: a peak that happens now and then is a peak.
    const rss = Math.max(...same.map((sample) => sample.rss));
    medians[program] = { ...medians[program], [operation]: { wall: middle("wall"), cpu: middle("cpu"), rss } };
  }
  return medians;
}
