// Authorize.net turns JSON into XML and checks it against a schema whose elements come in a fixed order.
// These are the elements that a shop may use, in the order of `AnetApiSchema.xsd`, and nothing else.

const NAMESPACE = "AnetApi/xml/v1/schema/AnetApiSchema.xsd";

/** What the schema refuses; becomes `E00003`. */
export class SchemaError extends Error {}

const sequence = (...elements) => ({ elements });
const required = (name, type) => ({ name, type, required: true });
const optional = (name, type) => ({ name, type, required: false });
const text = (max, min = 0) => ({ text: { max, min, pattern: /^[^\0-\x08\x0b\x0c\x0e-\x1f]*$/u } });
const matching = (pattern, max = 100) => ({ text: { max, min: 0, pattern } });
const list = (name, type) => ({ list: { name, type } });

const decimal = matching(/^[0-9]{1,13}(\.[0-9]{1,4})?$/, 18);
const digits = matching(/^[0-9]+$/, 20);
const boolean = { boolean: true };
const whole = { whole: true };
const moment = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z?$/, 32);

const merchant = sequence(required("name", text(25, 1)), required("transactionKey", text(32, 1)));
const head = [required("merchantAuthentication", merchant), optional("refId", text(20))];
const sorting = sequence(required("orderBy", text(20)), required("orderDescending", boolean));
const paging = sequence(required("limit", whole), required("offset", whole));

const address = sequence(
  optional("firstName", text(50)), optional("lastName", text(50)), optional("company", text(50)),
  optional("address", text(60)), optional("city", text(40)), optional("state", text(40)),
  optional("zip", text(20)), optional("country", text(60)), optional("phoneNumber", text(25)),
  optional("faxNumber", text(25)), optional("email", text(255)),
);

const payment = {
  choice: [
    required("creditCard", sequence(
      required("cardNumber", matching(/^(XXXX)?[0-9]{4}$/, 16)), required("expirationDate", text(7, 4)),
    )),
    required("opaqueData", sequence(required("dataDescriptor", text(255, 1)), required("dataValue", text(8192, 1)))),
  ],
};

const transaction = sequence(
  required("transactionType", text(40, 1)),
  optional("amount", decimal),
  optional("currencyCode", matching(/^[A-Z]{3}$/)),
  optional("payment", payment),
  optional("refTransId", digits),
  optional("order", sequence(optional("invoiceNumber", text(20)), optional("description", text(255)))),
  optional("customer", sequence(
    optional("type", matching(/^(individual|business)$/)), optional("id", text(20)), optional("email", text(255)),
  )),
  optional("billTo", address),
  optional("shipTo", address),
  optional("customerIP", text(45)),
  optional("transactionSettings", list("setting", sequence(
    required("settingName", text(50, 1)), required("settingValue", text(255)),
  ))),
  optional("userFields", list("userField", sequence(required("name", text(255)), required("value", text(255))))),
);

const METHODS = {
  createTransactionRequest: sequence(...head, required("transactionRequest", transaction)),
  getTransactionDetailsRequest: sequence(...head, required("transId", digits)),
  getUnsettledTransactionListRequest: sequence(
    ...head, optional("status", text(40)), optional("sorting", sorting), optional("paging", paging),
  ),
  getSettledBatchListRequest: sequence(
    ...head, optional("includeStatistics", boolean), optional("firstSettlementDate", moment),
    optional("lastSettlementDate", moment),
  ),
  getTransactionListRequest: sequence(
    ...head, required("batchId", digits), optional("sorting", sorting), optional("paging", paging),
  ),
};

/** The method's name and its parameters, or a `SchemaError`. */
export function parse(body) {
  let document;
  try {
    document = JSON.parse(body);
  } catch {
    throw new SchemaError("Root element is missing.");
  }
  const names = isObject(document) ? Object.keys(document) : [];
  const [method] = names;
  if (names.length !== 1 || !Object.hasOwn(METHODS, method)) {
    throw new SchemaError(`The '${NAMESPACE}:${method}' element is not declared.`);
  }
  check(method, METHODS[method], document[method]);
  return { method, parameters: document[method] };
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function check(name, type, value) {
  if (type.elements) return checkSequence(name, type.elements, value);
  if (type.choice) {
    if (!isObject(value) || Object.keys(value).length !== 1) throw invalidContent(name, type.choice);
    return checkSequence(name, type.choice.filter((one) => one.name in value), value);
  }
  if (type.list) {
    const { name: item, type: itemType } = type.list;
    const items = isObject(value) && Object.keys(value).length === 1 ? value[item] : undefined;
    if (!Array.isArray(items)) throw invalidContent(name, [{ name: item }]);
    for (const one of items) check(item, itemType, one);
    return undefined;
  }
  if (type.boolean) return require(name, value, typeof value === "boolean" || value === "true" || value === "false");
  if (type.whole) return require(name, value, /^[0-9]{1,6}$/.test(String(value)));
  const plain = typeof value === "string" || typeof value === "number";
  const written = String(value);
  require(name, value, plain && type.text.pattern.test(written));
  const length = [...written].length;
  if (length > type.text.max) throw facet(name, written, "greater than the MaxLength value");
  if (length < type.text.min) throw facet(name, written, "less than the MinLength value");
  return undefined;
}

/** Each element where the sequence wants it, none twice, none that it does not know. */
function checkSequence(name, elements, value) {
  if (!isObject(value)) throw invalidContent(name, elements);
  let at = 0;
  for (const [child, content] of Object.entries(value)) {
    const found = elements.findIndex((element, place) => place >= at && element.name === child);
    const skipped = elements.slice(at, found < 0 ? elements.length : found).filter((element) => element.required);
    if (found < 0 || skipped.length > 0) {
      const expected = elements.slice(at).map((element) => element.name).join(", ");
      throw new SchemaError(
        `The element '${name}' in namespace '${NAMESPACE}' has invalid child element '${child}' in namespace ` +
          `'${NAMESPACE}'. List of possible elements expected: '${expected}' in namespace '${NAMESPACE}'.`,
      );
    }
    check(child, elements[found].type, content);
    at = found + 1;
  }
  const missing = elements.slice(at).filter((element) => element.required);
  if (missing.length > 0) throw invalidContent(name, missing);
}

const invalidContent = (name, elements) =>
  new SchemaError(
    `The element '${name}' in namespace '${NAMESPACE}' has incomplete content. List of possible elements expected: ` +
      `'${elements.map((element) => element.name).join(", ")}' in namespace '${NAMESPACE}'.`,
  );

const facet = (name, value, problem) =>
  new SchemaError(
    `The '${NAMESPACE}:${name}' element is invalid - The value '${value.slice(0, 40)}' is invalid according to its ` +
      `datatype 'String' - The actual length is ${problem}.`,
  );

function require(name, value, holds) {
  if (holds) return;
  throw new SchemaError(
    `The '${NAMESPACE}:${name}' element is invalid - The value '${String(value).slice(0, 40)}' is invalid according ` +
      `to its datatype.`,
  );
}
