#!/usr/bin/env bash
# Latency of keystrokes and of questions while the server embeds manuals, and again when all are embedded.
# The demo catalog, server and visitors on this machine. It measures and asserts nothing:
# tests/while_embedding.sh [HSC]
set -euo pipefail

hsc=${1:-target/release/hsc}
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT

export HSC__LOG__LEVEL=error HSC__SERVER__PORT=0 HSC__ARCHIVE__PATH="" HSC__SERVER__MAX_CONNECTIONS_PER_ADDRESS=0
export HSC__ANSWERS__ENCODER__VECTORS_DIR="$folder/vectors"
: >"$folder/out"
"$hsc" serve >"$folder/out" &
server=$!
deadline=$((SECONDS + 60))
until address=$(grep -m 1 -o 'http://[0-9.:]*' "$folder/out"); do
    kill -0 "$server" # ends the script when the server has ended
    [ $SECONDS -lt $deadline ] || { echo "$0: hsc serve printed no address within 60 s" >&2; exit 1; }
    sleep 0.01
done

metric() { curl -sS "$address/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }
deadline=$((SECONDS + 60))
until [ "$(metric hsc_encoder_models)" -gt 0 ]; do
    [ $SECONDS -lt $deadline ] || { echo "$0: no model was loaded within 60 s; run make model" >&2; exit 1; }
    sleep 0.2
done

# row NAME FILE: p50 and p99 with their units, of one line of the table of `hsc load`.
row() { awk -v name="$1" '$1 == name { print $4, $5, $10, $11 }' "$2"; }
measure() {
    local before windows
    windows=$(metric hsc_encoder_windows_total)
    before=$(metric hsc_encoder_waiting)
    "$hsc" load typing --users 20 --duration 10s --quiet --url "$address" >"$folder/typing" &
    local typing=$!
    "$hsc" load ask --users 5 --think 500ms --duration 10s --quiet --url "$address" >"$folder/ask"
    wait "$typing"
    read -r p50 p50_unit p99 p99_unit < <(row typing "$folder/typing")
    echo "$1: manuals to embed $before to $(metric hsc_encoder_waiting), windows embedded $(($(metric hsc_encoder_windows_total) - windows))"
    echo "    keystroke p50 $p50 $p50_unit, p99 $p99 $p99_unit"
    awk '$1 ~ /chunk|answer/ { print "    " $1 " p50 " $4 " " $5 ", p99 " $10 " " $11 }' "$folder/ask"
}

# Reads every manual, which queues it for the encoder.
"$hsc" load ask --users 20 --think 100ms --duration 2s --quiet --url "$address" >/dev/null
measure "while embedding"
deadline=$((SECONDS + 600))
until [ "$(metric hsc_encoder_waiting)" -eq 0 ]; do
    [ $SECONDS -lt $deadline ] || { echo "$0: manuals were not embedded within 600 s" >&2; exit 1; }
    sleep 1
done
measure "embedded"
