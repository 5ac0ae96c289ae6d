// How the gateway writes what it knows.

export const messages = (resultCode, code, text) => ({ messages: { resultCode, message: [{ code, text }] } });
export const ok = messages("Ok", "I00001", "Successful.");
export const noRecords = messages("Ok", "I00004", "No records found.");
export const fault = (code, text) => messages("Error", code, text);

const utc = (at) => new Date(at).toISOString();
const local = (at) => utc(at - 7 * 3_600_000).slice(0, -1);
const decimal = (minor) => minor / 100;

/** The reply to a transaction that was looked at. */
export function created({ transaction, response, code, refers, text }, refId) {
  const inner = {
    responseCode: response,
    authCode: response === "1" ? "QWX20S" : "",
    avsResultCode: "Y",
    cvvResultCode: "P",
    cavvResultCode: "2",
    transId: transaction?.id ?? "0",
    refTransID: refers ? transaction.id : "",
    transHash: "",
    testRequest: "0",
    accountNumber: transaction ? `XXXX${transaction.lastFour}` : "",
    accountType: "Visa",
  };
  const approved = response === "1" || response === "4";
  const description =
    { 1: "This transaction has been approved.", 310: "This transaction has already been voided.",
      311: "This transaction has already been captured." }[code] ?? "Your order has been received.";
  if (approved) inner.messages = [{ code, description }];
  else inner.errors = [{ errorCode: code, errorText: text }];
  const outcome = approved ? ok : messages("Error", "E00027", "The transaction was unsuccessful.");
  return {
    transactionResponse: { ...inner, transHashSha2: "", SupplementalDataQualificationIndicator: 0 },
    ...(refId !== undefined && { refId }),
    ...outcome,
  };
}

/** A transaction in full. */
export function details(one, batch) {
  return {
    transaction: {
      transId: one.id,
      ...(one.refTransId && { refTransId: one.refTransId }),
      submitTimeUTC: utc(one.submittedAt),
      submitTimeLocal: local(one.submittedAt),
      transactionType: one.type,
      transactionStatus: one.status,
      responseCode: one.status === "declined" ? 2 : 1,
      responseReasonCode: one.reason.code,
      responseReasonDescription: one.reason.text,
      authCode: "QWX20S",
      AVSResponse: "Y",
      ...(batch && {
        batch: {
          batchId: batch.id, settlementTimeUTC: utc(batch.settledAt), settlementTimeLocal: local(batch.settledAt),
          settlementState: "settledSuccessfully",
        },
      }),
      order: { invoiceNumber: one.invoice ?? "", description: one.description ?? "" },
      authAmount: decimal(one.authMinor),
      settleAmount: decimal(one.settleMinor),
      taxExempt: false,
      payment: { creditCard: { cardNumber: `XXXX${one.lastFour}`, expirationDate: "XXXX", cardType: "Visa" } },
      ...(one.email && { customer: { email: one.email } }),
      ...(one.billTo && { billTo: one.billTo }),
      recurringBilling: false,
      product: "Card Not Present",
      marketType: "eCommerce",
    },
    ...ok,
  };
}

const summary = (one) => ({
  transId: one.id,
  submitTimeUTC: utc(one.submittedAt),
  submitTimeLocal: local(one.submittedAt),
  transactionStatus: one.status,
  ...(one.invoice && { invoiceNumber: one.invoice }),
  ...(one.billTo?.firstName && { firstName: one.billTo.firstName }),
  ...(one.billTo?.lastName && { lastName: one.billTo.lastName }),
  accountType: "Visa",
  accountNumber: `XXXX${one.lastFour}`,
  settleAmount: decimal(one.settleMinor),
  marketType: "eCommerce",
  product: "Card Not Present",
  hasReturnedItems: false,
});

/** A page of a list; `offset` is the number of the page, from 1. */
export function list(transactions, { sorting, paging } = {}) {
  const limit = Number(paging?.limit ?? 1_000);
  const page = Number(paging?.offset ?? 1);
  if (limit < 1 || limit > 1_000 || page < 1) return fault("E00013", "Paging is invalid.");
  const sorted = transactions.toSorted((a, b) => a.submittedAt - b.submittedAt || Number(a.id) - Number(b.id));
  if (String(sorting?.orderDescending) === "true") sorted.reverse();
  const lines = sorted.slice((page - 1) * limit, page * limit).map(summary);
  if (lines.length === 0) return noRecords;
  return { transactions: lines, totalNumInResultSet: transactions.length, ...ok };
}

export function batchList(batches) {
  if (batches.length === 0) return noRecords;
  return {
    batchList: batches.map((batch) => ({
      batchId: batch.id,
      settlementTimeUTC: utc(batch.settledAt),
      settlementTimeLocal: local(batch.settledAt),
      settlementState: "settledSuccessfully",
      paymentMethod: "creditCard",
      marketType: "eCommerce",
      product: "Card Not Present",
    })),
    ...ok,
  };
}
