/** Which operation a path and method mean: literal segments before parameters, whatever the order of the table. */
import { pathSegments } from "../../../core/app/identity/canonical-request.ts";
import type { Route } from "./request.ts";

/** `unknown`: no such path. `method`: the path exists, with these other methods. */
export type Match<S> =
  | { readonly kind: "found"; readonly route: Route<S>; readonly path: Readonly<Record<string, string>> }
  | { readonly kind: "unknown" }
  | { readonly kind: "method"; readonly allowed: readonly string[] };

interface Node<S> {
  readonly literals: Map<string, Node<S>>;
  parameter: Node<S> | undefined;
  readonly routes: Map<string, Route<S>>;
}

const node = <S>(): Node<S> => ({ literals: new Map(), parameter: undefined, routes: new Map() });

/**
 * Builds the matcher. A trailing slash and empty segments are ignored; parameters take one decoded segment. When a literal
 * path lacks the method, a parameter in its place is tried: `GET …/vaults/order` is a vault named `order`, hence a 404.
 * @throws Error when two rows claim the same path and method
 */
export function router<S>(routes: readonly Route<S>[]): (method: string, rawPath: string) => Match<S> {
  const root = node<S>();
  for (const route of routes) {
    let at = root;
    for (const segment of route.path.split("/").filter((s) => s !== "")) {
      const isParameter = segment.startsWith("{");
      const next = (isParameter ? at.parameter : at.literals.get(segment)) ?? node<S>();
      if (isParameter) at.parameter = next;
      else at.literals.set(segment, next);
      at = next;
    }
    if (at.routes.has(route.method)) throw new Error(`two operations at ${route.method} ${route.path}`);
    at.routes.set(route.method, route);
  }
  return (method, rawPath) => {
    const segments = pathSegments(rawPath).filter((segment) => segment !== "");
    const ends = [...reach(root, segments)].filter((end) => end.routes.size > 0);
    const route = ends.map((end) => end.routes.get(method)).find((found) => found !== undefined);
    if (route !== undefined) return { kind: "found", route, path: parameters(route.path, segments) };
    if (ends.length === 0) return { kind: "unknown" };
    return { kind: "method", allowed: [...new Set(ends.flatMap((end) => [...end.routes.keys()]))].sort() };
  };
}

/** Every node that the segments lead to, the most literal first. */
function* reach<S>(from: Node<S>, [segment, ...rest]: readonly string[]): Generator<Node<S>> {
  if (segment === undefined) return yield from;
  const literal = from.literals.get(segment);
  if (literal !== undefined) yield* reach(literal, rest);
  if (from.parameter !== undefined) yield* reach(from.parameter, rest);
}

function parameters(template: string, segments: readonly string[]): Readonly<Record<string, string>> {
  const names = template.split("/").filter((s) => s !== "");
  const pairs = names.map((name, i) => [name.slice(1, -1), segments[i] ?? ""] as const);
  return Object.fromEntries(pairs.filter((_, i) => names[i]?.startsWith("{")));
}
