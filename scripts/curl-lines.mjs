// The lines that `npm start` prints and the README shows: they buy something. One array, so that a test can
// run exactly what people are told to type.

const DOCUMENTED_URL = "http://127.0.0.1:8787";
const storefront = "-H 'Authorization: Bearer pk_dev_storefront'";
const admin = "-H 'Authorization: Bearer sk_dev_admin'";

const checkout = {
  currency: "USD",
  lines: [{ sku: "MUG-CLASSIC", quantity: 2 }],
  email: "ada@example.com",
  shipping_address: {
    name: "Ada Lovelace",
    line1: "12 Ferry Lane",
    city: "San Francisco",
    region: "CA",
    postal_code: "94105",
    country: "US",
  },
  shipping_method: "standard",
  payment: { gateway: "sandbox" },
};

/** Shell lines, to be run in order in one shell: a later one uses variables that an earlier one set. */
export const curlLines = [
  `curl -s '${DOCUMENTED_URL}/v1/stock?sku=MUG-CLASSIC' ${storefront}`,
  `ANSWER=$(curl -s ${DOCUMENTED_URL}/v1/checkouts ${storefront} -H "Idempotency-Key: demo-$(date +%s)" -H 'Content-Type: application/json' -d '${JSON.stringify(checkout)}'); echo "$ANSWER"`,
  `ORDER=$(echo "$ANSWER" | grep -o 'ord_[0-9a-f]*' | head -1); TOKEN=$(echo "$ANSWER" | grep -o 'ot_[0-9a-f]*' | head -1); sleep 1; curl -s ${DOCUMENTED_URL}/v1/orders/$ORDER -H "Authorization: Bearer $TOKEN"`,
  `curl -s ${DOCUMENTED_URL}/v1/admin/inventory/MUG-CLASSIC ${admin}`,
  `sleep 2; curl -s '${DOCUMENTED_URL}/v1/admin/orders?payment_status=paid&limit=1' ${admin}`,
];

/** The same lines for a store at another address. */
export function curlLinesFor(baseUrl) {
  return curlLines.map((line) => line.replaceAll(DOCUMENTED_URL, baseUrl));
}
