// Requests as the API's own document shows them: one for each operation, put together from its examples.

/**
 * `{ operationId, access, method, path, headers, body, statuses }` for each operation. Optional parameters
 * are sent where the document has an example of them. Fails on one that is required and has none. Webhooks
 * are left out: what they carry is a gateway's to write and to sign.
 */
export function examplesOf(document) {
  const examples = [];
  for (const [template, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (operation["x-access"] === "webhook_signature") continue;
      examples.push(exampleOf(document, template, method.toUpperCase(), operation));
    }
  }
  return examples;
}

function exampleOf(document, template, method, operation) {
  let path = template;
  const query = new URLSearchParams();
  const headers = {};
  for (const parameter of operation.parameters ?? []) {
    const value = parameter.example ?? resolved(document, parameter.schema)?.example;
    if (value === undefined) {
      if (parameter.required) throw new Error(`${operation.operationId}: no example of ${parameter.name}`);
      continue;
    }
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "header") headers[parameter.name.toLowerCase()] = String(value);
    else for (const one of [value].flat()) query.append(parameter.name, String(one));
  }
  return {
    operationId: operation.operationId,
    access: operation["x-access"],
    method,
    path: query.size > 0 ? `${path}?${query}` : path,
    headers,
    body: bodyOf(document, operation),
    statuses: Object.keys(operation.responses),
  };
}

function bodyOf(document, operation) {
  const media = operation.requestBody?.content?.["application/json"];
  if (!media) return undefined;
  const value = media.example ?? exampleIn(document, media.schema);
  if (value === undefined) throw new Error(`${operation.operationId}: no example of the body`);
  return value;
}

const resolved = (document, schema) =>
  schema?.$ref ? document.components.schemas[schema.$ref.split("/").at(-1)] : schema;

/** The example of a schema, or one put together from those of its properties. */
function exampleIn(document, schema) {
  const plain = resolved(document, schema);
  if (!plain) return undefined;
  if (plain.example !== undefined) return plain.example;
  if (Array.isArray(plain.examples)) return plain.examples[0];
  if (plain.type === "array") {
    const item = exampleIn(document, plain.items);
    return item === undefined ? undefined : [item];
  }
  if (!plain.properties) return undefined;
  const members = {};
  for (const name of plain.required ?? []) {
    const value = exampleIn(document, plain.properties[name]);
    if (value === undefined) return undefined;
    members[name] = value;
  }
  return members;
}
