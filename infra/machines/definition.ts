/** How does a workflow file become the definition of a state machine, and what does that machine call? */

/** What stands in for the placeholders of a definition. */
export interface Targets {
  /** `${workflow.state}`: the function's ARN. */
  readonly functions: Readonly<Record<string, string>>;
  /** `${workflow}`: the machine's ARN. */
  readonly machines: Readonly<Record<string, string>>;
}

export interface Definition {
  /** Amazon States Language, without white space: a definition may have 1 MB. */
  readonly text: string;
  /** Tasks that it invokes, `workflow.state`, sorted. */
  readonly tasks: readonly string[];
  /** Workflows that it starts and waits for, sorted. */
  readonly children: readonly string[];
}

/** A placeholder that nothing stands for, or a task that no workflow calls. */
export class DefinitionInvalid extends Error {
  override readonly name = "DefinitionInvalid";
}

const PLACEHOLDER = /\$\{([^}]*)\}/g;

/**
 * Fills every `${…}` of a workflow. The file is JSON before and after: a value that would break it is refused.
 * @throws DefinitionInvalid naming the workflow and the placeholder
 */
export function fillDefinition(workflow: string, source: string, targets: Targets): Definition {
  const tasks = new Set<string>();
  const children = new Set<string>();
  const filled = source.replace(PLACEHOLDER, (_, name: string) => {
    const [into, target] = name.includes(".") ? [tasks, targets.functions[name]] : [children, targets.machines[name]];
    if (target === undefined) throw new DefinitionInvalid(`${workflow}: nothing stands for \${${name}}`);
    into.add(name);
    return JSON.stringify(target).slice(1, -1);
  });
  return { text: JSON.stringify(JSON.parse(filled)), tasks: [...tasks].sort(), children: [...children].sort() };
}

/**
 * Fills all workflows. @throws DefinitionInvalid also when a task has no state that calls it: its function would never run
 */
export function fillDefinitions(
  sources: Readonly<Record<string, string>>,
  targets: Targets,
): Readonly<Record<string, Definition>> {
  const filled = Object.entries(sources).map(
    ([workflow, source]) => [workflow, fillDefinition(workflow, source, targets)] as const,
  );
  const called = new Set(filled.flatMap(([, { tasks }]) => tasks));
  const unused = Object.keys(targets.functions).filter((task) => !called.has(task));
  if (unused.length > 0) throw new DefinitionInvalid(`no workflow calls ${unused.join(", ")}`);
  return Object.fromEntries(filled);
}
