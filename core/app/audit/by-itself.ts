/** How a trace of something that nobody asked for begins: no user, no address; its task, where there is one, has the same request id. */
import type { TraceAbout } from "./record-trace.ts";

/** `event` as requests call it (`deleteBackup`): a search by name finds both. */
export const byItself = (
  event: string,
  resource: TraceAbout["resource"],
  { projectId, requestId }: Pick<TraceAbout, "projectId" | "requestId">,
): TraceAbout => ({
  projectId,
  event,
  kind: "SystemAction",
  resource,
  ...(requestId !== undefined && { requestId }),
});

/** The backup as a trace's resource. */
export const asBackup = ({ id, name }: { readonly id: string; readonly name: string }): TraceAbout["resource"] => ({
  type: "backup",
  id,
  name,
});

/** The vault as a trace's resource. */
export const asVault = ({ id, name }: { readonly id: string; readonly name: string }): TraceAbout["resource"] => ({
  type: "vault",
  id,
  name,
});
