/** All mutants. At least one for each family of behaviours that is tested; three where data is lost when a rule breaks. */
import { BACKUP_MUTANTS } from "./backup-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { POLICY_MUTANTS } from "./policy-mutants.ts";
import { REQUEST_MUTANTS } from "./request-mutants.ts";
import { VAULT_MUTANTS } from "./vault-mutants.ts";

/** In the order in which they are run and told of. */
export const MUTANTS: readonly Mutant[] = [...VAULT_MUTANTS, ...BACKUP_MUTANTS, ...POLICY_MUTANTS, ...REQUEST_MUTANTS];
