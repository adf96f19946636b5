/** How does an operator's machine speak to AWS, and how is it told in one line what AWS refused? */

/** Where, and as whom. What is absent comes from the environment and the AWS configuration files, as the SDK documents. */
export interface OperatorAccess {
  readonly region?: string;
  readonly profile?: string;
}

/** AWS did not do what the operator asked for; the message is for them, one line. */
export class OperatorRefused extends Error {
  override readonly name = "OperatorRefused";
}

/** Settings of an operator's clients: few attempts, because a person waits. */
export const operatorClient = ({ region, profile }: OperatorAccess) => ({
  maxAttempts: 3,
  ...(region !== undefined && { region }),
  ...(profile !== undefined && { profile }),
});

const DENIED: ReadonlySet<string> = new Set(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"]);
const BAD_KEYS: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
]);

/** Does one request. `what` names it as IAM does: `lambda:InvokeFunction on holdfast-admin`. @throws OperatorRefused */
export async function asOperator<T>(what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof OperatorRefused) throw error;
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    throw new OperatorRefused(told(what, name, message.replaceAll(/\s+/g, " ")), { cause: error });
  }
}

function told(what: string, name: string, message: string): string {
  if (name === "CredentialsProviderError" || name === "TokenProviderError")
    return `no AWS credentials: ${message} (set AWS_PROFILE or AWS_ACCESS_KEY_ID, or give --profile)`;
  if (/^Region is missing|^Region not accepted: region=""/.test(message))
    return "no AWS region: give --region, or set AWS_REGION";
  if (BAD_KEYS.has(name)) return `AWS does not accept these credentials: ${message}`;
  if (DENIED.has(name)) return `access denied: ${what}: ${message}`;
  return `${what} failed: ${name}: ${message}`;
}
