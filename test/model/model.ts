/** A world, what its clients know of it, and what they were promised; and how an action is carried out and looked at. */
import type { Answer } from "../support/vault-host.ts";
import { type LedgerBook, openLedgerBook, type ShownPolicy } from "./ledger.ts";
import { openPromises, type Promises } from "./promises.ts";
import { recount } from "./recount.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

/** What the lists show. */
export interface View {
  readonly vaults: readonly {
    readonly id: string;
    readonly billing: {
      readonly status: string;
      readonly object_type: string;
      readonly used: number;
      readonly allocated: number;
    };
    readonly resources: readonly { readonly id: string }[];
  }[];
  readonly policies: readonly ShownPolicy[];
  readonly backups: readonly {
    readonly id: string;
    readonly resource_id: string;
    readonly resource_type: string;
  }[];
  readonly trash: readonly { readonly id: string }[];
  readonly held: readonly { readonly resource_id: string }[];
}

/** Answers that a process which lives may give although they are no refusals of a rule: what is documented as not built. */
const NOT_BUILT = 501;
/** Contract: one disk in two vaults is refused with 500 (BackupService.6137). */
const TWICE = "BackupService.6137";

export class Model {
  readonly world: World;
  readonly promises: Promises = openPromises();
  readonly book: LedgerBook = openLedgerBook();
  view: View = { vaults: [], policies: [], backups: [], trash: [], held: [] };
  /** The latest instant that the clock has shown. */
  latest = 0;
  readonly #wrong: string[] = [];

  private constructor(world: World) {
    this.world = world;
  }

  static async open(options: WorldOptions): Promise<Model> {
    const model = new Model(await createWorld(options));
    model.latest = model.world.clock.now;
    return model;
  }

  /** A clock that was set back knows less than the ledger: nobody changes policies until it has caught up. */
  get onTime(): boolean {
    return this.world.clock.now >= this.latest;
  }

  /** A request; what a living process must never answer is remembered. */
  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.world.call(method, path, body);
    const code = answer.body?.error_code;
    if (answer.status >= 500 && answer.status !== NOT_BUILT && code !== TWICE && !this.world.dead)
      this.#wrong.push(`${method} ${path} answers ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /** What the lists show now, and what they owe to each other. */
  async look(): Promise<void> {
    const list = async (path: string) => {
      const { status, body } = await this.request("GET", path);
      if (status !== 200) this.#wrong.push(`GET ${path} answers ${status}`);
      return body;
    };
    const [vaults, policies, backups, trash, held] = await Promise.all([
      list("/vaults?limit=1000"),
      list("/policies?limit=1000"),
      list("/backups?limit=1000"),
      list("/holdfast/trash?limit=1000"),
      list("/holdfast/held-plans"),
    ]);
    this.view = {
      vaults: vaults.vaults,
      policies: policies.policies,
      backups: backups.backups,
      trash: trash.backups,
      held: held.held_plans,
    };
    this.book.note(this.view.policies, this.world.clock.now);
  }

  /**
   * Everything that must hold now. @param ticked a tick has just gone through all that was due: the ledger is complete.
   * @param died a process died: what was logged until then is no defect
   */
  problems({ ticked, died }: { readonly ticked: boolean; readonly died: boolean }): readonly string[] {
    const { world } = this;
    const rows = world.rows();
    const settled = !world.held;
    const found = [...this.#wrong.splice(0), ...world.watch.problems()];
    const defects = world.defects.splice(0);
    if (!died) found.push(...defects.map((line) => `logged: ${line}`));
    const objects = new Set(world.objects.objects.keys());
    found.push(...recount({ rows, captured: world.captured, objects, settled }));
    found.push(...this.promises.problems(rows, { captured: world.captured, bytes: world.disks.bytes }, settled));
    if (ticked && this.onTime) found.push(...this.book.problems(rows, world.clock.now, settled));
    const names = (all: readonly { readonly id: string }[]) =>
      all
        .map(({ id }) => id)
        .sort()
        .join();
    const stored = (all: readonly { readonly body: { id: string } }[]) => names(all.map(({ body }) => body));
    if (names(this.view.vaults) !== stored(rows.vaults)) found.push("the list of vaults is not what is stored");
    if (names(this.view.backups) !== stored(rows.backups)) found.push("the list of backups is not what is stored");
    for (const { id, billing, resources } of this.view.vaults) {
      const bound = rows.bindings.filter(({ body }) => body.vaultId === id);
      const used = bound.reduce((sum, { body }) => sum + body.used, 0);
      if (billing.used !== Math.ceil(used / 1024 ** 2))
        found.push(`vault ${id} shows ${billing.used} MB, not ${used} bytes`);
      if (resources.length !== bound.length)
        found.push(`vault ${id} shows ${resources.length} resources, ${bound.length} are bound`);
    }
    return found;
  }
}
