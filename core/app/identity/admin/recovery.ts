/** Use case: one more way to the backups of a project, for the day on which the service's own key is gone. */
import { Damaged } from "../../../ports/data-plane.ts";
import { KeyMismatch } from "../../../ports/key-service.ts";
import type { Notice } from "../../../ports/notifier.ts";
import { ObjectMissing, StoreFailed, StoreFull } from "../../../ports/object-store.ts";
import { defaultDomain, KeyObjectLost } from "../../repository/keyring.ts";
import { readDirectory } from "../directory.ts";
import { domainOf, projectOf } from "./look-up.ts";
import type { AdminResult } from "./orders.ts";
import { refuse } from "./refused.ts";
import type { AdminServices } from "./services.ts";

/**
 * Seals the secret of the project's repository under a new recovery code, which this answer alone tells; earlier codes stay good. A
 * project that has no backup yet gets its repository's keys with it. @throws AdminRefused
 */
export async function createRecoveryCode(
  { records, addRecoveryCode }: AdminServices,
  named: { readonly project?: string | undefined; readonly domain?: string | undefined },
): Promise<AdminResult> {
  if (addRecoveryCode === undefined)
    return refuse(
      "recovery codes are made on one machine only: in an AWS account the administration can open no secret, so the KMS key is the only way to the backups",
    );
  const directory = await readDirectory(records);
  const domain = domainOf(directory, named.domain);
  const own = directory.projects.filter(({ domainId }) => domainId === domain.id);
  const [only] = own;
  const project =
    named.project === undefined && own.length === 1 && only !== undefined
      ? only
      : projectOf(
          directory,
          domain,
          named.project ?? refuse(`domain ${domain.name} has ${own.length} projects: name one`),
        );
  const repository = defaultDomain(project.id);
  const { object, code } = await addRecoveryCode(repository).catch(refuseWhatIsKnown);
  return { project_id: project.id, project_name: project.name, repository, object, recovery_code: code };
}

/** What an operator can do something about, in its own words. */
const KNOWN = [StoreFull, StoreFailed, ObjectMissing, Damaged, KeyMismatch, KeyObjectLost];

function refuseWhatIsKnown(error: unknown): never {
  if (error instanceof Error && KNOWN.some((known) => error instanceof known))
    refuse(`no code was made: ${error.message}`);
  throw error;
}

/** Told to people: whoever has the code can read every backup of the project from now on, and nothing takes that back. */
export function recoveryNotice(made: AdminResult): Notice {
  const { project_id, project_name, repository, object } = made as Readonly<Record<string, string>>;
  return {
    severity: "warning",
    topic: "recovery.created",
    projectId: project_id ?? "",
    message: `a recovery code was made for project ${project_name}: whoever has it can read all its backups`,
    facts: { object: `${repository}/${object}` },
  };
}
