/** Use case: carry out one order of the operator, wherever it came from. */
import { createAccessKey, listAccessKeys, revokeAccessKey } from "./access-keys.ts";
import { freezeResource, listFrozen, unfreezeResource } from "./frozen-resources.ts";
import type { AdminOrder, AdminResult } from "./orders.ts";
import { createDomain, createProject, listDomains, listProjects } from "./places.ts";
import { createRecoveryCode } from "./recovery.ts";
import { grantRole, listRoles, revokeRole } from "./roles.ts";
import type { AdminServices } from "./services.ts";
import { createUser, deleteUser, listUsers, setPassword } from "./users.ts";

/** Whoever calls this has made sure that an operator asks. @throws AdminRefused with the reason; nothing was changed then */
export function administer(services: AdminServices, order: AdminOrder): Promise<AdminResult> {
  switch (order.action) {
    case "domain-create":
      return createDomain(services, order.name);
    case "domain-list":
      return listDomains(services);
    case "project-create":
      return createProject(services, order);
    case "project-list":
      return listProjects(services, order.domain);
    case "user-create":
      return createUser(services, order);
    case "user-list":
      return listUsers(services, order.domain);
    case "user-password":
      return setPassword(services, order);
    case "user-delete":
      return deleteUser(services, order);
    case "key-create":
      return createAccessKey(services, order);
    case "key-list":
      return listAccessKeys(services, order);
    case "key-revoke":
      return revokeAccessKey(services, order.access_key);
    case "recovery-create":
      return createRecoveryCode(services, order);
    case "role-grant":
      return grantRole(services, order);
    case "role-revoke":
      return revokeRole(services, order);
    case "role-list":
      return listRoles(services, order);
    case "resource-freeze":
      return freezeResource(services, order.resource);
    case "resource-unfreeze":
      return unfreezeResource(services, order.resource);
    case "resource-frozen":
      return listFrozen(services);
  }
}
