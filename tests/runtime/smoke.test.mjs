import { expect, test } from "vitest";
import { buy, level, read, shop, stock } from "./support/shop.mjs";
import { drain } from "./support/drain.mjs";
import { crossings } from "./support/crossings.mjs";
test("one buys", async () => {
  await stock({ MUG: 10, CUP: 3 });
  const order = await buy({ lines: [["MUG", 2], ["CUP", 1]] });
  expect(order.status).toBe("open");
  const rung = await drain();
  expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0 });
});
