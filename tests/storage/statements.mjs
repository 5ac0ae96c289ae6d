// The statements that the product runs on D1, read from its sources: every text constant of a file in src/storage,
// and those that a macro of the file puts together. Whatever is not understood ends the reading, so that no
// statement can stay unseen.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../../scripts/bootstrap.mjs";

const FOLDER = path.join(repositoryRoot, "src", "storage");

const LITERAL = String.raw`"(?:[^"\\]|\\[\s\S])*"`;
const MACRO = new RegExp(String.raw`macro_rules! (\w+) \{\s*\(\$(\w+):literal\) => \{\s*concat!\(([\s\S]*?)\)\s*\};?\s*\}`, "g");
const CONSTANT = new RegExp(String.raw`const (\w+): &str =\s*(?:(\w+)!\(\s*(${LITERAL})\s*,?\s*\)|(${LITERAL})|([^;]*));`, "g");

/** What a Rust string literal says. */
function text(literal) {
  return literal
    .slice(1, -1)
    .replaceAll(/\\\n\s*/g, "")
    .replaceAll('\\"', '"')
    .replaceAll("\\\\", "\\");
}

/** `[{ name, sql }]`, named by file and constant. Test modules at a file's end are left out. */
export function statements() {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".rs"))
    .sort()
    .flatMap((file) => statementsOf(file, readFileSync(path.join(FOLDER, file), "utf8").split("#[cfg(test)]")[0]));
}

function statementsOf(file, source) {
  const macros = new Map();
  for (const [, name, hole, body] of source.matchAll(MACRO)) {
    const parts = [...body.matchAll(new RegExp(`${LITERAL}|\\$${hole}`, "g"))].map(([part]) => part);
    macros.set(name, (given) => parts.map((part) => (part.startsWith("$") ? given : text(part))).join(""));
  }
  return [...source.matchAll(CONSTANT)].map(([, constant, macro, given, literal, other]) => {
    const name = `${file.replace(".rs", "")}::${constant}`;
    if (other !== undefined || (macro && !macros.has(macro))) throw new Error(`${name} is not understood: ${other ?? macro}`);
    return { name, sql: macro ? macros.get(macro)(text(given)) : text(literal) };
  });
}
