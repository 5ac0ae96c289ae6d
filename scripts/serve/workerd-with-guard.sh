#!/bin/sh
# Stands in for workerd's program (MINIFLARE_WORKERD_PATH): writes down the process id, so that a test can
# kill the runtime, and starts a guard that ends it when the Node process that wanted it is gone, however it
# went. `exec` keeps the id, and the guard holds none of the pipes that miniflare waits on.
echo "$$" > "$CARTWRIGHT_WORKERD_PID_FILE"
(
  while kill -0 "$PPID" && kill -0 "$$"; do sleep 1; done
  kill -9 "$$"
) </dev/null >/dev/null 2>&1 3>&- &
exec "$CARTWRIGHT_WORKERD" "$@"
