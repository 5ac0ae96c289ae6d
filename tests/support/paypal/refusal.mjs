// PayPal's refusals.

export class Refusal extends Error {
  constructor(status, body, headers = {}) {
    super(JSON.stringify(body));
    Object.assign(this, { status, body, headers });
  }
}

function refusal(status, name, message, issue, more = {}) {
  const details = issue ? [{ issue, description: `${issue} (as the fake sees it)` }] : [];
  return new Refusal(status, { name, message, debug_id: "f4ke0000debug", details, links: [], ...more });
}

export const invalid = (issue) => refusal(400, "INVALID_REQUEST", "Request is not well-formed.", issue);
export const unprocessable = (issue, more) =>
  refusal(422, "UNPROCESSABLE_ENTITY", "The requested action could not be performed.", issue, more);
export const notFound = () =>
  refusal(404, "RESOURCE_NOT_FOUND", "The specified resource does not exist.", "INVALID_RESOURCE_ID");
export const tooMany = () =>
  Object.assign(refusal(429, "RATE_LIMIT_REACHED", "Too many requests."), { headers: { "retry-after": "1" } });
export const broken = () => refusal(500, "INTERNAL_SERVER_ERROR", "An internal server error has occurred.");
export const unknownToken = () =>
  new Refusal(401, { error: "invalid_token", error_description: "The token passed in was not found in the system" });
export const unknownClient = () =>
  new Refusal(401, { error: "invalid_client", error_description: "Client Authentication failed" });
