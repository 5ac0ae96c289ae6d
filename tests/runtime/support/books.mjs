// The gateway's books (`GET /v1/movements`), as a test bends them: what really moved, less what is dropped, with what
// is changed or added.

import { clock } from "./clock.mjs";

export const books = {
  reset() {
    Object.assign(books, { dropped: new Set(), changes: new Map(), added: [], pageSize: 100, repeats: false, stuck: false });
  },

  /** The books don't have this payment's movements. */
  drop: (paymentId) => books.dropped.add(paymentId),

  /** The books say something else of this payment's movements. */
  change: (paymentId, changes) => books.changes.set(paymentId, changes),

  /** The books have something that nobody else knows of. */
  add: (movement) => books.added.push({ order_id: null, operation_id: null, currency: "USD", moved_at: clock.now(), ...movement }),

  /** The answer to a question for a page. */
  page(url, payments) {
    const [from, to] = ["from", "to"].map((name) => Number(url.searchParams.get(name)));
    const captured = payments.filter(({ id, captured }) => captured > 0 && !books.dropped.has(id)).map((payment) => ({
      id: payment.id.replace("pay_", "mov_"), kind: "capture", payment_id: payment.id, order_id: payment.order_id,
      operation_id: null, amount: payment.captured, currency: payment.currency, moved_at: payment.updated_at,
      ...books.changes.get(payment.id),
    }));
    const all = [...captured, ...books.added].filter(({ moved_at }) => from <= moved_at && moved_at < to);
    const start = Number(url.searchParams.get("cursor") ?? 0);
    const end = start + books.pageSize;
    const next = books.stuck ? "again" : end < all.length ? String(end) : null;
    // The next page begins with the last of this one, where a gateway counts from what it is adding to.
    const first = books.repeats ? Math.max(0, start - 1) : Number.isNaN(start) ? 0 : start;
    return { status: 200, body: { items: all.slice(first, end), next } };
  },
};

books.reset();
