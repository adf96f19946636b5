/** Objects that are changed, cut or removed behind the store's back: is each found, is nothing wrong handed out, and is it mended? */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Broken, type StoreWorld } from "./store-world.ts";

const KINDS = ["packs", "roots", "maps", "avoid", "hooks", "catalog", "keys"] as const;
type Kind = (typeof KINDS)[number];
const WAYS = ["flip", "cut", "delete"] as const;
type Way = (typeof WAYS)[number];

export async function damageRounds(world: StoreWorld): Promise<void> {
  for (let left = 2 + Math.floor(world.random() * 3); left > 0; left--) {
    const kind = world.pick(KINDS) ?? "packs";
    const object = world.pick(candidates(world, kind));
    if (object !== undefined) await damageOne(world, kind, object, world.pick(WAYS) ?? "flip");
  }
  await world.check();
}

/** Objects whose damage matters: of maps and avoid-sets the newest counts. The key that opens the store is left alone. */
function candidates(world: StoreWorld, kind: Kind): readonly string[] {
  let names: string[];
  try {
    names = readdirSync(join(world.objects, kind)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  if (kind === "maps" || kind === "avoid") names = names.slice(-1);
  if (kind === "keys") names = names.filter((name) => name.startsWith("recovery-"));
  return names.map((name) => `${kind}/${name}`);
}

function harm(file: string, way: Way, random: () => number): void {
  const at = Math.floor(random() * statSync(file).size);
  if (way === "delete") rmSync(file);
  else if (way === "cut") truncateSync(file, at);
  else {
    const bytes = readFileSync(file);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    writeFileSync(file, bytes);
  }
}

async function damageOne(world: StoreWorld, kind: Kind, object: string, way: Way): Promise<void> {
  world.say(`${way} ${object}`);
  const file = join(world.objects, object);
  const sound = readFileSync(file);
  const before = await world.listed();
  harm(file, way, world.random);
  // A backup whose root was removed is not listed any more; the catalog misses it.
  const unlisted = kind === "roots" && way === "delete";
  const refused = unlisted ? new Set<string>() : await world.check(() => true);
  const { verified } = await world.calmly({ do: "verify", quick: false });
  const found = verified?.damaged ?? [];
  world.say(`  refused ${[...refused].join()}; named ${found.map(({ object: it }) => it).join()}`);

  const named = found.some((it) => it.object === object);
  const hurts = new Set(found.flatMap((it) => it.hurts));
  for (const id of refused)
    if (!hurts.has(id)) throw new Broken(`${way} of ${object}: ${id} is hurt, and verify does not say so`);
  if (unlisted && !hurts.has(object.slice("roots/".length)))
    throw new Broken(`${way} of ${object}: verify does not miss the backup`);
  // Of packs, what a backup needs. Nothing in a store says which maps, avoid-sets, hooks and entries should be there, and without one
  // of them no backup is wrong; a recovery object is sealed under a code that nobody keeps, so only its form can be checked.
  const mustBeNamed =
    kind === "packs" ? refused.size > 0 : unlisted || way === "cut" || (way === "flip" && kind !== "keys");
  if (mustBeNamed && !named) throw new Broken(`${way} of ${object}: verify does not name it: ${JSON.stringify(found)}`);
  world.tally.add(`${way} of ${kind}`, named || found.length > 0 ? "named" : kind === "packs" ? "harmless" : "unseen");

  await mended(world, hurts);
  // The object comes back, as from a copy of the store: then all is as it was.
  rmSync(file, { force: true });
  writeFileSync(`${file}.tmp`, sound, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
  const listed = new Set(await world.checkList());
  const lost = before.filter((id) => !listed.has(id));
  if (lost.length > 0) throw new Broken(`${lost.join()} did not come back with ${object}`);
}

/** The next backup of each disk is whole, whatever is damaged. */
async function mended(world: StoreWorld, hurts: ReadonlySet<string>): Promise<void> {
  for (const image of world.images) {
    if (world.random() < 0.5) image.change();
    const { id = "" } = await world.calmly({ do: "backup", source: image.path, name: image.name });
    const { error, problem } = await world.compare(id, image.now);
    if (error !== undefined || problem !== undefined)
      throw new Broken(`backup ${id}, made beside damage that hurts ${[...hurts].join()}: ${error?.stack ?? problem}`);
  }
}
