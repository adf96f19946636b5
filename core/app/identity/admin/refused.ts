/** How the administration of accounts says no. */

/** The order cannot be carried out; nothing was changed. The message is for the operator: it names the thing and the rule. */
export class AdminRefused extends Error {
  override readonly name = "AdminRefused";
}

/** Refuses. @throws AdminRefused always */
export const refuse = (message: string): never => {
  throw new AdminRefused(message);
};
