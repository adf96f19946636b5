/** Which enterprise project a list is restricted to, if any. */
import type { Query } from "./kit/query.ts";

/** `all_granted_eps` means every one (cbr-api 2.6). */
export function enterpriseProject(query: Query): string | undefined {
  const id = query.get("enterprise_project_id");
  return id === "all_granted_eps" ? undefined : id;
}
