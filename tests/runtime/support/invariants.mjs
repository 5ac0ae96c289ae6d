// The design's invariants and those of FAULTS (I1 to I8), checked by a party that trusts nobody: it reads the
// raw rows of every object that was used, D1, the queue's history and the gateway's book, and joins them. It
// was written from the text of the invariants and from the schemas, not from the product's code.
//
// `checkInvariants` is for a world at rest: every alarm that was due has rung, the queue is empty.

import { isExpectedInstance } from "./worker.mjs";
import { documentsAreTrue } from "./invariants/documents.mjs";
import { moneyIsAccountedFor } from "./invariants/money.mjs";
import { ordersAreWhole } from "./invariants/orders.mjs";
import { projectionIsComplete } from "./invariants/projection.mjs";
import { stockIsConserved } from "./invariants/stock.mjs";
import { stockDocumentsAreBooked } from "./invariants/stock-documents.mjs";

/** Throws with everything that is wrong with a world as `readWorld` reads it. */
export function checkInvariants(world) {
  const wrong = [];
  const must = (holds, sentence) => {
    if (!holds) wrong.push(sentence);
    return holds;
  };
  must(isExpectedInstance(), "something panicked: WebAssembly was started anew");
  ordersAreWhole(world, must);
  stockIsConserved(world, must);
  stockDocumentsAreBooked(world, must);
  moneyIsAccountedFor(world, must);
  documentsAreTrue(world, must);
  projectionIsComplete(world, must);
  if (wrong.length > 0) throw new Error(`invariants broken:\n- ${wrong.join("\n- ")}`);
}
