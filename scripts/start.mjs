// `npm start`: a working store on this machine, from a fresh clone.

import { ensurePinnedNode } from "./bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { reportFailure, say, setQuiet } = await import("./setup/progress.mjs");
const { readOptions, USAGE } = await import("./start/options.mjs");

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
  } else {
    setQuiet(options.quiet);
    const { startLocalStore } = await import("./start/local-store.mjs");
    const { stopWithStarter } = await import("./start/lifetime.mjs");
    const { greeting } = await import("./start/greeting.mjs");
    const store = await startLocalStore(options);
    stopWithStarter(store.stop);
    say(greeting(store.url));
    if (!options.quiet) store.showLog();
  }
} catch (error) {
  reportFailure(error);
}
