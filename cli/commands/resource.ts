/** `holdfast resource …`: which disk images and servers of this machine can be protected. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { collect } from "../arguments.ts";
import type { Row } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { type DiskRequest, type Resources, withResources } from "../resources.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatBytes, formatFields, formatTable } from "../text.ts";

interface DiskOptions {
  readonly name: string;
  readonly system?: true;
  readonly forceRaw?: true;
}
interface ServerOptions {
  readonly name: string;
  readonly disk: readonly string[];
}

const size = (resource: Row): string => (typeof resource.size === "number" ? formatBytes(resource.size) : "-");

/** Ids of a server's disks, whichever form the answer gives them in. */
function diskIds(resource: Row): string[] {
  const disks = Array.isArray(resource.disks) ? (resource.disks as unknown[]) : [];
  return disks.map((disk) => (typeof disk === "string" ? disk : cell(memberOf({ disk }, "disk").id)));
}

function shown(resource: Row): string {
  const fields: [string, string][] = [
    ["id", cell(resource.id)],
    ["kind", cell(resource.kind)],
    ["name", cell(resource.name)],
    ["size", size(resource)],
    ["status", cell(resource.status)],
  ];
  if (typeof resource.reason === "string") fields.push(["reason", cell(resource.reason)]);
  if (resource.kind === "server") fields.push(["disks", diskIds(resource).join(", ")]);
  return formatFields(fields);
}

/** Paths are given from where the user stands; the service stands elsewhere. */
function addDisk(context: Context, options: DiskOptions, path: string): Promise<void> {
  const disk: DiskRequest = {
    path: resolve(path),
    name: options.name,
    system: options.system === true,
    force_raw: options.forceRaw === true,
  };
  return added(context, (resources) => resources.addDisk(disk));
}

function addServer(context: Context, options: ServerOptions): Promise<void> {
  return added(context, (resources) => resources.addServer({ name: options.name, disk_ids: options.disk }));
}

async function added(context: Context, add: (resources: Resources) => Promise<Row>): Promise<void> {
  const resource = await withResources(context, add, { create: true });
  context.print(resource, shown(resource));
}

async function list(context: Context): Promise<void> {
  const all = await withResources(context, (resources) => resources.list());
  const rows = all.map((resource) => [
    cell(resource.id),
    cell(resource.kind),
    cell(resource.name),
    size(resource),
    cell(resource.status),
    cell(resource.reason),
  ]);
  context.print(all, formatTable(["ID", "KIND", "NAME", "SIZE", "STATUS", "REASON"], rows));
}

async function remove(context: Context, _options: object, id: string): Promise<void> {
  await withResources(context, (resources) => resources.remove(id));
  context.print({ id, removed: true }, `removed ${id}; its file was not touched`);
}

/** Adds `resource add disk|server`, `resource list` and `resource remove`. */
export function addResourceCommands(program: Command): void {
  const group = program.command("resource").description("tell Holdfast which disk images and servers there are");
  const add = group.command("add").description("register a disk image or a server");

  add
    .command("disk")
    .description("register a raw disk image")
    .argument("<path>", "the image file")
    .requiredOption("--name <name>", "name of the disk")
    .option("--system", "it is the system disk of its server")
    .option("--force-raw", "take the file as raw although it looks like qcow2, VMDK or VHDX")
    .addHelpText("after", example("holdfast resource add disk /srv/images/web.img --name web-root --system"))
    .action(action(addDisk));

  add
    .command("server")
    .description("register a server: disks that are backed up together, at one instant")
    .requiredOption("--name <name>", "name of the server")
    .requiredOption("--disk <id>", "id of a registered disk, in device order (repeatable)", collect)
    .addHelpText("after", example("holdfast resource add server --name web --disk ROOT-DISK-ID --disk DATA-DISK-ID"))
    .action(action(addServer));

  group
    .command("list")
    .description("list what is registered")
    .addHelpText("after", example("holdfast resource list"))
    .action(action(list));

  group
    .command("remove")
    .description("forget a disk or server that no vault protects; its file stays")
    .argument("<id>", "id of the disk or server")
    .addHelpText("after", example("holdfast resource remove DISK-ID"))
    .action(action(remove));
}
