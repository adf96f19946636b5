/** Who calls an identity operation, and which projects are theirs. */
import { accountOf } from "../../core/app/identity/account.ts";
import { readDirectory } from "../../core/app/identity/directory.ts";
import type { Principal } from "../../core/app/identity/principal.ts";
import type { Project } from "../../core/app/identity/records.ts";
import type { Services } from "../../core/app/services.ts";
import type { ApiRequest } from "./kit/request.ts";

/** The authenticated caller. Its absence is a defect of the route table. */
export function callerOf({ principal }: ApiRequest): Principal {
  if (principal === undefined) throw new Error("this route must ask for credentials");
  return principal;
}

/** All projects that the user may ask a token for, whatever this request's token is for; and the deployment's region. */
export async function ownProjects(
  request: ApiRequest,
  { records }: Pick<Services, "records">,
): Promise<{ readonly projects: readonly Project[]; readonly region: string }> {
  const directory = await readDirectory(records);
  const account = accountOf(directory, callerOf(request).userId);
  return { projects: account?.projects ?? [], region: directory.region };
}
