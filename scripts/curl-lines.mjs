// The lines that `npm start` prints and the README shows: they buy something. One array, so that a test can
// run exactly what people are told to type.

const DOCUMENTED_URL = "http://127.0.0.1:8787";

/** Shell lines, to be run in order in one shell: a later one uses variables that an earlier one set. */
export const curlLines = [
  `curl -s ${DOCUMENTED_URL}/v1/stock/TEA-001 -H 'Authorization: Bearer pk_dev_storefront'`,
  `curl -s ${DOCUMENTED_URL}/v1/checkouts -H 'Authorization: Bearer pk_dev_storefront' -H 'Idempotency-Key: first-order' -H 'Content-Type: application/json' -d '{"lines":[{"sku":"TEA-001","quantity":1}]}'`,
  `curl -s ${DOCUMENTED_URL}/v1/admin/orders -H 'Authorization: Bearer sk_dev_admin'`,
];

/** The same lines for a store at another address. */
export function curlLinesFor(baseUrl) {
  return curlLines.map((line) => line.replaceAll(DOCUMENTED_URL, baseUrl));
}
