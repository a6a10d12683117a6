#!/bin/sh
# quietly.sh COMMAND...: run a command whose many lines nobody wants to read, such as an installation. Every 10 seconds
# print how long it has run and its latest line; all of its lines only where it fails.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'kill "$command" 2>/dev/null; exit 130' INT TERM
"$@" >"$log" 2>&1 &
command=$!
seconds=0
while kill -0 "$command" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    if [ $((seconds % 10)) -eq 0 ]; then
        printf '  %d s: %s\n' "$seconds" "$(tail -n 1 "$log" | tr '\r\t' '  ' | sed 's/^ *//' | cut -c 1-90)"
    fi
done
wait "$command"
status=$?
if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
exit "$status"
