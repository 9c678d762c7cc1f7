#!/usr/bin/env bash
# The figures of "Over the wire" in docs/performance.md: 18,000 generated products, server and visitors
# on this machine. It measures and asserts nothing: tests/over_the_wire.sh [HSC]
set -euo pipefail

hsc=${1:-target/release/hsc}
here=$(dirname "$0")
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT

start=$("$here/start_to_ready.sh" "$hsc" 5)

"$hsc" catalog generate --brands 130 --products 18000 --seed 1 "$folder/catalog" >/dev/null
# Every twentieth name, so that the typed texts are spread over all brands.
grep -oh '"name": *"[^"]*"' "$folder"/catalog/*.json | sed 's/.*: *"//; s/"$//' |
    awk 'NR % 20 == 0' >"$folder/queries"

export HSC__CATALOG__DIR="$folder/catalog" HSC__LOG__LEVEL=error HSC__SERVER__PORT=0 HSC__ARCHIVE__PATH="" HSC__ANSWERS__ENCODER__ENABLED=false
# A visitor without pauses types faster than the default limits allow.
export HSC__SERVER__MESSAGES_PER_SECOND=100000 HSC__SERVER__MESSAGE_BURST=100000
ulimit -Sn "$(ulimit -Hn)"
: >"$folder/out"
# All visitors of a measurement have one address.
export HSC__SERVER__MAX_CONNECTIONS_PER_ADDRESS=0
"$hsc" serve >"$folder/out" &
server=$!
deadline=$((SECONDS + 60))
until address=$(grep -m 1 -o 'http://[0-9.:]*' "$folder/out"); do
    kill -0 "$server" # ends the script when the server has ended
    [ $SECONDS -lt $deadline ] || { echo "$0: hsc serve printed no address within 60 s" >&2; exit 1; }
    sleep 0.01
done

# row NAME FILE: count, rate, p50 and p99 with their units, of one line of the table.
row() { awk -v name="$1" '$1 == name { print $2, int($3), $4, $5, $10, $11 }' "$2"; }
rss() { awk '/^VmRSS:/ { print $2 }' "/proc/$server/status"; }
type_in() { "$hsc" load typing --key 0s --quiet --url "$address" --queries "$folder/queries" "$@"; }

type_in --users 1 --duration 3s >/dev/null # warms caches up
type_in --users 1 --duration 10s >"$folder/one"
type_in --users 100 --duration 10s >"$folder/hundred"
read -r _ _ p50 p50_unit p99 p99_unit < <(row typing "$folder/one")
one="$p50 $p50_unit / $p99 $p99_unit"
read -r _ rate _ _ p99 p99_unit < <(row typing "$folder/hundred")
hundred="$rate, $p99 $p99_unit"

before=$(rss)
"$hsc" load idle --users 10000 --ramp 10s --duration 25s --quiet --url "$address" \
    >"$folder/idle" &
idle=$!
# Three seconds before the end: all are open, and what opening them took for a moment has gone back to the system.
held=$before earlier=$before now=$before
while kill -0 "$idle" 2>/dev/null; do
    held=$earlier earlier=$now now=$(rss)
    sleep 1
done
wait "$idle"
open=$(grep -o 'at most [0-9]* open' "$folder/idle" | grep -o '[0-9]*')
lost=$(grep -o '[0-9]* refused, [0-9]* dropped' "$folder/idle")

echo "| what | reach | measured |"
echo "|---|---|---|"
echo "| keystroke to prediction, 1 connection, p50 / p99 | 150 µs / 500 µs | $one |"
echo "| keystrokes a second, 100 connections, p99 | 25,000, 15 ms | $hundred |"
echo "| idle session, memory, $open sessions ($lost) | 16 KiB | $(awk -v a="$before" -v b="$held" -v n="$open" 'BEGIN { printf "%.1f KiB", (b - a) / n }') |"
echo "| start to ready; memory at ready | 400 ms; 120 MiB | ${start#start to ready: } |"
