// The page to which the `redirect` method sends the buyer. Plain HTML and a style sheet: it works
// without JavaScript, with a keyboard and with a screen reader.

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text) => String(text).replace(/[&<>"']/g, (c) => escapes[c]);

export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ground: #eef1f5; --ink: #16202c; --soft: #55606e; --line: #d5dbe3;
  --go: #14683c; --go-ink: #fff; --warn: #fff4d6; --warn-ink: #5c4400; }
@media (prefers-color-scheme: dark) { :root { --paper: #1b222b; --ground: #11161c; --ink: #eef2f6; --soft: #a9b4c0;
  --line: #38424e; --go: #4cc38a; --go-ink: #06210f; --warn: #3a3010; --warn-ink: #ffe9a8; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
  overflow: hidden; box-shadow: 0 8px 30px rgb(0 0 0 / .08); }
.notice { margin: 0; padding: .6rem 1.5rem; background: var(--warn); color: var(--warn-ink); font-size: .875rem; }
section { padding: 1.5rem; }
h1 { margin: 0; font-size: 1.125rem; font-weight: 600; }
.amount { margin: .25rem 0 1rem; font-size: 2.25rem; font-weight: 700; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1.5rem; font-size: .875rem; }
dt { color: var(--soft); } dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
form { display: grid; gap: .75rem; }
button, .button { display: block; width: 100%; padding: .8rem 1rem; border-radius: 8px; border: 1px solid var(--line);
  background: transparent; color: var(--ink); font: inherit; font-weight: 600; text-align: center; text-decoration: none;
  cursor: pointer; }
.go { background: var(--go); border-color: var(--go); color: var(--go-ink); }
:focus-visible { outline: 3px solid #4c8dff; outline-offset: 2px; }
`;

/** Minor units as people write them: digits by the currency, no floating point. */
export function writtenAmount(amount, currency) {
  let digits = 2;
  try {
    digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  } catch {
    // A code that is no currency: two digits will do.
  }
  const text = String(amount).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}${digits ? `.${text.slice(-digits)}` : ""} ${currency}`;
}

function page(title, content) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} · Sandbox payment</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
<main>
<p class="notice"><strong>Sandbox.</strong> No real money moves here.</p>
<section>
${content}
</section>
</main>
</body>
</html>
`;
}

function details(payment) {
  const rows = [["Order", payment.order_id], ["Payment", payment.id]];
  if (payment.description) rows.unshift(["For", payment.description]);
  return `<dl>${rows.map(([term, text]) => `<dt>${term}</dt><dd>${escape(text)}</dd>`).join("")}</dl>`;
}

export function choicePage(payment) {
  return page(
    "Approve the payment",
    `<h1>Approve this payment?</h1>
<p class="amount">${escape(writtenAmount(payment.amount, payment.currency))}</p>
${details(payment)}
<form method="post" action="/pay/${escape(payment.id)}">
<input type="hidden" name="token" value="${escape(payment.page_token)}">
<button class="go" type="submit" name="choice" value="approve">Approve</button>
<button type="submit" name="choice" value="decline">Decline</button>
</form>`,
  );
}

const RESULTS = {
  captured: "The payment was made",
  authorized: "The payment was approved",
  failed: "The payment was declined",
  cancelled: "The payment was cancelled",
  processing: "The payment is being processed",
};

export function resultPage(payment, back) {
  const title = RESULTS[payment.status] ?? "This payment";
  return page(
    title,
    `<h1 role="status">${escape(title)}</h1>
<p class="amount">${escape(writtenAmount(payment.amount, payment.currency))}</p>
${details(payment)}
${back ? `<a class="button" href="${escape(back)}">Back to the shop</a>` : "<p>You can close this page.</p>"}`,
  );
}

export function problemPage(title, text) {
  return page(title, `<h1>${escape(title)}</h1>\n<p>${escape(text)}</p>`);
}
