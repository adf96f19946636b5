/** The objects of one key domain: each domain is a repository of its own under its own prefix of the store. */
import type { ObjectStore } from "../ports/object-store.ts";

/** The same store seen from inside `<domainId>/`: names go in and come out without the prefix. */
export function repositoryObjects(objects: ObjectStore, domainId: string): ObjectStore {
  const inside = (name: string): string => `${domainId}/${name}`;
  return {
    putIfAbsent: (name, bytes) => objects.putIfAbsent(inside(name), bytes),
    get: (name, range, into) => objects.get(inside(name), range, into),
    size: (name) => objects.size(inside(name)),
    async *list(prefix) {
      for await (const object of objects.list(inside(prefix)))
        yield { ...object, name: object.name.slice(domainId.length + 1) };
    },
    trash: (name) => objects.trash(inside(name)),
  };
}
