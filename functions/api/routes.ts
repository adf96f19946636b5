/** Who answers which operation. */
import type { Services } from "../../core/app/services.ts";
import * as identity from "./identity.ts";
import type { Handler, Route } from "./kit/request.ts";
import { OPERATIONS, type OperationName } from "./operations.ts";
import { listVersions, showHealth, showIdentityVersion } from "./versions.ts";

/**
 * A new operation goes here, under its name in operations.ts: `CreateVault: vaults.createVault`. One without a handler is
 * known all the same: after authentication and project check it answers 501 with its name.
 */
const HANDLERS: Partial<Record<OperationName, Handler<Services>>> = {
  ListVersions: listVersions,
  ShowVersion: listVersions,

  ShowIdentityVersion: showIdentityVersion,
  CreateToken: identity.createToken,
  ShowToken: identity.showToken,
  ListAuthProjects: identity.listProjects,
  ListAuthDomains: identity.listDomains,
  ShowCatalog: identity.showCatalog,
  ListIdentityProjects: identity.listProjects,
  ShowIdentityProject: identity.showProject,
  ListUsers: identity.listUsers,

  ShowHealth: showHealth,
};

/** The route table of the API, for `createApi`. */
export const routes: readonly Route<Services>[] = OPERATIONS.map(([op, name, method, path, auth]) => {
  const handler = HANDLERS[name];
  return { op, name, method, path, auth, ...(handler !== undefined && { handler }) };
});
