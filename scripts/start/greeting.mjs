// What a person needs to begin, printed when the store answers.

import { curlLinesFor } from "../curl-lines.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY } from "../development-settings.mjs";

export function greeting(url) {
  return `
Cartwright is ready at ${url}

  API reference     ${url}/docs/
  publishable key   ${PUBLISHABLE_KEY}    for storefronts
  secret key        ${SECRET_KEY}         for the admin API

Buy something:

${curlLinesFor(url).map((line) => `  ${line}`).join("\n")}

Ctrl-C stops it; what was sold is still there at the next start (\`npm start -- --fresh\` forgets it).`;
}
