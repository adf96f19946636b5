/** A store with disks, and what it has promised so far: known here, outside of the store, and held against it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backupIds } from "../../local/store/backups.ts";
import { initStore } from "../../local/store/init.ts";
import { BLOCK } from "../support/engine-disks.ts";
import { act, type Done, openFaulty, type StoreAct, type StorePlace } from "./store-acts.ts";
import { DiskSession, UnsyncedNames } from "./store-disk.ts";
import { ChangingImage, Comparer, type Content } from "./store-images.ts";
import type { Tally } from "./store-tally.ts";

export const DAY = 24 * 3600 * 1000;

/**
 * - `kept`: acknowledged. `shown`: never acknowledged, but listed: then it must be right.
 * - `leaving`: its deletion was begun. `gone`: its deletion was acknowledged.
 */
interface Known {
  readonly name: string;
  readonly content: Content;
  state: "kept" | "shown" | "leaving" | "gone";
}

/** A promise that did not hold. */
export class Broken extends Error {
  override readonly name = "Broken";
}

export interface WorldOptions {
  readonly random: () => number;
  readonly tally: Tally;
  /** Where the store lies. Default: beside the disks, in the system's folder for temporary files. */
  readonly storeParent?: string | undefined;
  /** One of the disks has two leaves. */
  readonly twoLeaves?: boolean;
  readonly reserveBytes?: number;
}

export class StoreWorld {
  readonly root: string;
  readonly random: () => number;
  readonly tally: Tally;
  readonly images: ChangingImage[] = [];
  readonly known = new Map<string, Known>();
  readonly unsynced = new UnsyncedNames();
  /** What was done, for whoever looks at a failure. */
  readonly log: string[] = [];
  clock = 0;
  /** What backups held of which nothing was heard. */
  #unheard: { readonly name: string; readonly content: Content }[] = [];
  readonly #dir: string;
  readonly #keyFile: string;
  readonly #reserveBytes: number;

  static async make(options: WorldOptions): Promise<StoreWorld> {
    const world = new StoreWorld(options);
    await initStore({ dir: world.#dir, keyFile: world.#keyFile, env: {} });
    const { random } = options;
    const names = ["one", "two", "three"];
    for (const [at, name] of names.entries()) {
      const leaves = options.twoLeaves === true && at === 0 ? 1024 * BLOCK : 0;
      const size = leaves + (2 + Math.floor(random() * 7)) * BLOCK + 512 * Math.floor(random() * 3);
      world.images.push(new ChangingImage(name, join(world.root, "images", name), size, random));
    }
    return world;
  }

  private constructor({ random, tally, storeParent, reserveBytes = 0 }: WorldOptions) {
    this.root = mkdtempSync(join(tmpdir(), "holdfast-chaos-store-"));
    this.random = random;
    this.tally = tally;
    this.#dir = join(storeParent ?? this.root, "store");
    this.#keyFile = join(this.root, "key");
    this.#reserveBytes = reserveBytes;
    for (const folder of ["images", "out"]) mkdirSync(join(this.root, folder));
  }

  get place(): StorePlace {
    return { dir: this.#dir, keyFile: this.#keyFile, clock: this.clock, reserveBytes: this.#reserveBytes };
  }
  /** The folder in which the objects of the store lie under their names. */
  get objects(): string {
    const folder = join(this.#dir, "objects");
    const [domain = ""] = readdirSync(folder).filter((name) => name.startsWith("s-"));
    return join(folder, domain);
  }
  say(text: string): void {
    this.log.push(text);
  }
  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.random() * from.length)];
  }
  idsIn(...states: readonly Known["state"][]): readonly string[] {
    return [...this.known].flatMap(([id, { state }]) => (states.includes(state) ? [id] : []));
  }
  image(name: string): ChangingImage {
    return this.images.find((image) => image.name === name) as ChangingImage;
  }

  /** A command with no fault at all, which must succeed. */
  async calmly(what: StoreAct): Promise<Done> {
    this.say(`calmly ${JSON.stringify(what)}`);
    const content = what.do === "backup" ? this.image(what.name).now : undefined;
    let done: Done;
    try {
      done = await act(this.place, what, { session: new DiskSession([], this.unsynced) });
    } catch (error) {
      throw new Broken(`${what.do} failed without any fault: ${(error as Error).stack}`, { cause: error });
    }
    this.heard(what, content, done);
    return done;
  }

  /** A command was acknowledged, or (`done` undefined) not. */
  heard(what: StoreAct, content: Content | undefined, done: Done | undefined): void {
    this.tally.acts++;
    if (what.do === "backup" && content !== undefined) {
      if (done?.id === undefined) this.#unheard.push({ name: what.name, content });
      else {
        if (this.known.has(done.id)) throw new Broken(`id ${done.id} was given twice`);
        this.tally.backups++;
        this.known.set(done.id, { name: what.name, content, state: "kept" });
      }
    }
    if (what.do !== "delete") return;
    for (const id of what.ids) {
      const known = this.known.get(id);
      if (known !== undefined) known.state = done === undefined ? "leaving" : "gone";
    }
  }

  async listed(): Promise<readonly string[]> {
    const { store } = await openFaulty(this.place, new DiskSession([]));
    return backupIds(store);
  }

  /** Nothing that was acknowledged is gone, nothing that was deleted is back. */
  async checkList(): Promise<readonly string[]> {
    const listed = await this.listed();
    for (const [id, { state, name }] of this.known) {
      if (state === "kept" && !listed.includes(id)) throw new Broken(`backup ${id} of ${name} disappeared`);
      if (state === "gone" && listed.includes(id)) throw new Broken(`backup ${id} of ${name} was deleted and is back`);
    }
    return listed;
  }

  /** Every listed backup is handed out identically; `hurt` ones may be refused, but not be wrong. @returns those that were refused */
  async check(hurt: (id: string) => boolean = () => false): Promise<ReadonlySet<string>> {
    const refused = new Set<string>();
    for (const id of await this.checkList()) {
      const known = this.known.get(id) ?? (await this.#adopt(id));
      const { error, problem } = await this.compare(id, known.content);
      if (error === undefined && problem !== undefined) throw new Broken(`backup ${id} of ${known.name}: ${problem}`);
      if (error === undefined) continue;
      if (!hurt(id)) throw new Broken(`backup ${id} of ${known.name} (${known.state}) is refused: ${error.stack}`);
      refused.add(id);
    }
    this.#unheard = [];
    return refused;
  }

  /** Reads a backup to the end, or to its error. @throws Broken when a wrong byte was handed out */
  async compare(
    id: string,
    content: Content,
  ): Promise<{ readonly error: Error | undefined; readonly problem: string | undefined }> {
    this.tally.restores++;
    const output = new Comparer(content);
    let error: Error | undefined;
    try {
      const what = { do: "restore", id, target: "-", overwrite: false } as const;
      await act(this.place, what, { session: new DiskSession([]), output });
    } catch (cause) {
      error = cause as Error;
    }
    if (error !== undefined && output.wrongAt !== undefined)
      throw new Broken(`backup ${id} was refused after a wrong byte, ${output.wrongAt}`, { cause: error });
    return { error, problem: output.problem };
  }

  /** A backup of which nothing was heard is listed: it must be one of those that were begun. */
  async #adopt(id: string): Promise<Known> {
    const reasons: string[] = [];
    for (const { name, content } of this.#unheard.toReversed()) {
      const { error, problem } = await this.compare(id, content).catch((broken: Error) => ({
        error: broken,
        problem: undefined,
      }));
      if (error === undefined && problem === undefined) {
        const known: Known = { name, content, state: "shown" };
        this.known.set(id, known);
        return known;
      }
      reasons.push(error?.message ?? problem ?? "");
    }
    throw new Broken(`backup ${id} is listed and is none that was begun: ${reasons.join("; ")}`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
