/** How does each service of AWS say "too many requests" and "internal error" on the wire? */

/** A refusal as it is sent. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The usual name of throttling in each service (API references, "Errors" and "Common errors"). */
const THROTTLES: Readonly<Record<string, string>> = {
  dynamodb: "ProvisionedThroughputExceededException",
  ebs: "RequestThrottledException",
  s3: "SlowDown",
  ec2: "RequestLimitExceeded",
};

const ERRORS: Readonly<Record<string, string>> = {
  dynamodb: "InternalServerError",
  ebs: "InternalServerException",
  s3: "InternalError",
  ec2: "InternalError",
};

export function throttled(service: string, code = THROTTLES[service] ?? "ThrottlingException"): Refusal {
  // S3 and EC2 send it as 503; the JSON services as 400.
  return refusal(service, service === "s3" || service === "ec2" ? 503 : 400, code, "Rate exceeded (a test says so)");
}

export function refused(service: string, status = 500, code = ERRORS[service] ?? "InternalFailure"): Refusal {
  return refusal(service, status, code, "It did not work (a test says so)");
}

function refusal(service: string, status: number, code: string, message: string): Refusal {
  if (service === "s3") return xml(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  if (service === "ec2") {
    const error = `<Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors>`;
    return xml(status, `<Response>${error}<RequestID>fault</RequestID></Response>`);
  }
  if (service === "sns") {
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
    return xml(status, `<ErrorResponse>${error}<RequestId>fault</RequestId></ErrorResponse>`);
  }
  if (service === "ebs") {
    const body = JSON.stringify({ Message: message, ...(status === 400 && { Reason: "ACCOUNT_THROTTLED" }) });
    return { status, headers: { "content-type": "application/json", "x-amzn-errortype": code }, body };
  }
  const type = `com.amazonaws.${service}#${code}`;
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": type },
    body: JSON.stringify({ __type: type, message }),
  };
}

function xml(status: number, text: string): Refusal {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;
  return { status, headers: { "content-type": "application/xml" }, body };
}
