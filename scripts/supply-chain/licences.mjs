// SPDX licence expressions, as far as lock files use them: AND, OR, brackets, WITH as a part of a name, and the
// slash that old crates have for OR.

/** Whether an expression leaves a way that uses `allowed` licences only. An absent one leaves none. */
export function licenceAllows(expression, allowed) {
  const words = (expression ?? "").replaceAll("/", " OR ").match(/[()]|[^\s()]+/g) ?? [];
  let position = 0;

  function either() {
    let holds = both();
    while (words[position] === "OR") {
      position += 1;
      holds = both() || holds;
    }
    return holds;
  }

  function both() {
    let holds = single();
    while (words[position] === "AND") {
      position += 1;
      holds = single() && holds;
    }
    return holds;
  }

  function single() {
    if (words[position] === "(") {
      position += 1;
      const holds = either();
      position += 1;
      return holds;
    }
    let name = words[position];
    position += 1;
    if (words[position] === "WITH") {
      name = `${name} WITH ${words[position + 1]}`;
      position += 2;
    }
    return allowed.includes(name);
  }

  const holds = either();
  return holds && position === words.length;
}
