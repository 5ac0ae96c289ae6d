// What `npm start -- …` accepts.

import path from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_PORT, defaultStateDir } from "../serve.mjs";
import { SetupError } from "../setup/progress.mjs";

export const USAGE = `npm start -- [options]

  --port <number>        where the store listens (${DEFAULT_PORT}; or the variable PORT)
  --state-dir <folder>   where its databases and objects live (.cartwright/state)
  --fresh                deletes that state first
  --no-seed              leaves the demo catalogue out
  --gateway-url <url>    uses the sandbox gateway at this address instead of starting one
  --quiet                prints failures only`;

/** Reads the flags; an unknown or ill-formed one ends the start with the usage. */
export function readOptions(commandArguments) {
  const values = parseFlags(commandArguments);
  const asked = values.port ?? process.env.PORT ?? DEFAULT_PORT;
  const port = Number(asked);
  if (!Number.isInteger(port) || port < 1 || port > 65534) refuse(`${asked} is no port`);
  const gatewayUrl = values["gateway-url"];
  if (gatewayUrl !== undefined && !URL.canParse(gatewayUrl)) refuse(`--gateway-url ${gatewayUrl} is no URL`);
  return {
    port,
    gatewayUrl,
    stateDir: values["state-dir"] ? path.resolve(values["state-dir"]) : defaultStateDir,
    fresh: values.fresh,
    seed: !values["no-seed"],
    quiet: values.quiet,
    help: values.help,
  };
}

function parseFlags(commandArguments) {
  const flag = { type: "boolean", default: false };
  const text = { type: "string" };
  const flags = { fresh: flag, "no-seed": flag, quiet: flag, help: flag };
  const options = { port: text, "state-dir": text, "gateway-url": text, ...flags };
  try {
    return parseArgs({ args: commandArguments, options }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

function refuse(problem) {
  throw new SetupError(`${problem}\n\n${USAGE}`);
}
