/** Errors as the SDK throws them: named by the code of the service, EBS direct's with a reason. */

export function ec2Error(code: string, message: string): Error {
  return Object.assign(new Error(message), { name: code, $fault: "client", $metadata: {} });
}

export function ebsError(name: string, Reason: string, message: string): Error {
  return Object.assign(new Error(message), { name, Reason, $fault: "client", $metadata: {} });
}
