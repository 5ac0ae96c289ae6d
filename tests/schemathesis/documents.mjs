// The API's document as each caller is given it: examples name documents that this store has, every request is
// under a key of its own, and an order is one of two, the caller's and a stranger's. Answers are judged by the
// document as it is: nothing of what it says of them is touched.

import { exampleDocuments } from "../support/example-documents.mjs";
import { examplesOf } from "../support/openapi-examples.mjs";
import { cart } from "../support/shopping.mjs";

const SETTLING = /^(delete|revoke|cancel|close|reject|resolve)_/;

/**
 * What the store's callers have and may: `{ name, credential, document }` each. A buyer's document has the routes
 * of an order only.
 */
export async function callersWithDocuments(store, { admin, storefront }) {
  const { body: document } = await store.anyone.get("/openapi.json");
  const fitted = await withRealExamples(store, document);
  const order = await placed(store);
  const stranger = await placed(store);
  return [
    { name: "admin", credential: admin, document: fitted },
    { name: "storefront", credential: storefront, document: fitted },
    { name: "buyer", credential: order.token, document: ofOneOrder(fitted, [order.id, stranger.id]) },
    { name: "nobody", credential: undefined, document: fitted },
  ];
}

async function placed(store) {
  const { body } = await store.storefront.checkout(cart());
  return { id: body.order.id, token: body.order_token };
}

/** Every operation's examples with ids of documents that exist and are in the state that it asks for. */
async function withRealExamples(store, document) {
  const copy = structuredClone(document);
  const fit = exampleDocuments(store);
  await fit.open();
  // What an example takes away must still be there for the others: it is sent last, and so made last.
  const examples = examplesOf(document).sort((a, b) => SETTLING.test(a.operationId) - SETTLING.test(b.operationId));
  const operations = new Map(Object.entries(copy.paths).flatMap(([template, methods]) =>
    Object.values(methods).map((operation) => [operation.operationId, { template, operation }])));
  for (const example of examples) {
    const { template, operation } = operations.get(example.operationId);
    const { path } = await fit(example);
    const values = path.split("?")[0].split("/");
    template.split("/").forEach((part, at) => {
      const parameter = operation.parameters?.find(({ name, in: place }) => place === "path" && part === `{${name}}`);
      if (parameter) parameter.example = decodeURIComponent(values[at]);
    });
  }
  for (const { operation } of operations.values()) withKeysOfTheirOwn(operation);
  return copy;
}

/** One example for all requests would make all but the first the same request again. */
function withKeysOfTheirOwn(operation) {
  for (const parameter of operation.parameters ?? []) {
    if (parameter.name === "Idempotency-Key") delete parameter.example;
  }
}

function ofOneOrder(document, ids) {
  const copy = structuredClone(document);
  for (const [path, methods] of Object.entries(copy.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!operation["x-access"].startsWith("order_token")) delete methods[method];
      for (const parameter of operation.parameters ?? []) {
        if (parameter.in === "path" && parameter.name === "id") {
          parameter.schema = { type: "string", enum: ids };
          [parameter.example] = ids;
        }
      }
    }
    if (Object.keys(methods).length === 0) delete copy.paths[path];
  }
  return copy;
}
