// Amounts as PayPal writes them, and in minor units.

/** Digits after the point that PayPal takes. */
const DIGITS = { JPY: 0, HUF: 0, TWD: 0 };
/** ISO 4217's minor digits, where they are not two. */
const MINOR = { JPY: 0 };

const TAKEN = new Set(
  "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD".split(" "),
);

export const isCurrency = (code) => TAKEN.has(code);

/** Why PayPal would refuse a decimal, or undefined. */
export function problemWith({ currency_code: currency, value }) {
  if (!TAKEN.has(currency)) return "INVALID_CURRENCY_CODE";
  if (typeof value !== "string" || !/^-?\d+(\.\d+)?$/.test(value)) return "INVALID_PARAMETER_SYNTAX";
  const digits = value.split(".")[1]?.length ?? 0;
  const most = DIGITS[currency] ?? 2;
  if (digits > most) return most === 0 ? "DECIMALS_NOT_SUPPORTED" : "DECIMAL_PRECISION";
  if (!/[1-9]/.test(value) || value.startsWith("-")) return "CANNOT_BE_ZERO_OR_NEGATIVE";
  return undefined;
}

export function toMinor({ currency_code: currency, value }) {
  const digits = MINOR[currency] ?? 2;
  const [whole, fraction = ""] = value.split(".");
  return Number(whole + fraction.slice(0, digits).padEnd(digits, "0"));
}

export function toAmount(minor, currency) {
  const digits = MINOR[currency] ?? 2;
  const written = DIGITS[currency] ?? 2;
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const value = written === 0 ? whole : `${whole}.${text.slice(text.length - digits)}`;
  return { currency_code: currency, value: minor < 0 ? `-${value}` : value };
}
