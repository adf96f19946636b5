/** POST agents/{id}/add-path: directories that this agent shall back up, and what to leave out below them (AGT-02). */
import { liesBelow, MAX_EXCLUDED, MAX_PATHS, pathProblem } from "../../domain/agent-paths.ts";
import { badField, fault } from "../../domain/fault.ts";
import { type AgentPath, agentKey, agentPathKey, pathIdOf } from "../records/agents.ts";
import { insertAt, replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { checkAgentId, loadAgent } from "./load-agent.ts";

export interface PathsAsked {
  readonly add: readonly string[];
  /** For paths that are added or that stand already. */
  readonly exclude: readonly { readonly path: string; readonly names: readonly string[] }[];
}

export interface PathsAdded {
  readonly added: readonly string[];
  /** Known before: no error. */
  readonly existed: readonly string[];
}

/** Whether a path exists on the host is not checked. @throws Fault 7403, 7407, 7410, 9900 */
export async function addPaths(
  s: Services,
  { projectId }: Caller,
  agentId: string,
  asked: PathsAsked,
): Promise<PathsAdded> {
  checkAgentId(agentId);
  checkShape(asked);
  return withFreshState(async () => {
    const { agent, paths } = await loadAgent(s, projectId, agentId);
    const now = s.now();
    const known = new Map(paths.map((path) => [path.dirPath, path]));
    const wanted = [...new Set(asked.add)];
    const added = wanted.filter((path) => !known.has(path));
    const count = known.size + added.length;
    if (count > MAX_PATHS) fault("7407", `agent ${agentId} would have ${count} paths; at most ${MAX_PATHS}`);
    const excluded = new Map(asked.exclude.map(({ path, names }) => [path, names]));
    for (const [n, { path }] of asked.exclude.entries())
      if (!known.has(path) && !wanted.includes(path))
        badField(`exclude_path[${n}].path_name`, "must be a path that is added or that the agent has");
    const place = (path: string) => ({ key: agentPathKey(projectId, agentId, pathIdOf(path)) });
    await s.records.transact([
      // The gate: loses to whoever changes this agent or its paths meanwhile, and is then decided again.
      replaceAt({ key: agentKey(projectId, agentId) }, { ...agent, updatedAt: now }),
      ...added.map((path) =>
        insertAt(place(path), {
          schema: 1,
          id: pathIdOf(path),
          agentId,
          dirPath: path,
          excludePaths: [...(excluded.get(path) ?? [])],
          addedAt: now,
        } satisfies AgentPath),
      ),
      ...[...known.values()].flatMap((path) => {
        const names = excluded.get(path.dirPath);
        return names === undefined ? [] : [replaceAt(place(path.dirPath), { ...path, excludePaths: [...names] })];
      }),
    ]);
    return { added, existed: wanted.filter((path) => known.has(path)) };
  });
}

function checkShape({ add, exclude }: PathsAsked): void {
  const check = (field: string, path: string): void => {
    const problem = pathProblem(path);
    if (problem !== undefined) badField(field, problem);
  };
  for (const [n, path] of add.entries()) check(`add_path[${n}]`, path);
  for (const [n, { path, names }] of exclude.entries()) {
    if (names.length > MAX_EXCLUDED)
      badField(`exclude_path[${n}].exclude_path_name`, `must have at most ${MAX_EXCLUDED} elements`);
    for (const [m, name] of names.entries()) {
      const field = `exclude_path[${n}].exclude_path_name[${m}]`;
      check(field, name);
      if (!liesBelow(name, path)) badField(field, `must lie below ${path}`);
    }
  }
}
