#!/usr/bin/env bash
# Time from the start of `hsc serve` until /ready returns 200, and its memory then, with 18,000 products.
# It measures and asserts nothing: tests/start_to_ready.sh [HSC] [RUNS]
set -euo pipefail

hsc=${1:-target/release/hsc}
runs=${2:-7}
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT

"$hsc" catalog generate --brands 130 --products 18000 --seed 1 "$folder/catalog" >/dev/null
export HSC__CATALOG__DIR="$folder/catalog" HSC__LOG__LEVEL=error HSC__SERVER__PORT=0 HSC__ARCHIVE__PATH="" HSC__ANSWERS__ENCODER__ENABLED=false

for _ in $(seq "$runs"); do
    : >"$folder/out"
    began=$(date +%s%N)
    "$hsc" serve >"$folder/out" &
    server=$!
    # The line with the address is printed when it listens; port 0 is not known earlier.
    deadline=$((SECONDS + 60))
    until address=$(grep -m 1 -o 'http://[0-9.:]*' "$folder/out"); do
        kill -0 "$server" # ends the script when the server has ended
        [ $SECONDS -lt $deadline ] || { echo "$0: hsc serve printed no address within 60 s" >&2; exit 1; }
        sleep 0.002
    done
    until curl -fs --max-time 5 --noproxy '*' "$address/ready" >/dev/null; do
        [ $SECONDS -lt $deadline ] || { echo "$0: $address/ready did not say 200 within 60 s" >&2; exit 1; }
        sleep 0.002
    done
    ready=$(date +%s%N)
    kib=$(awk '/^VmRSS:/ { print $2 }' "/proc/$server/status")
    peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$server/status")
    echo "$(((ready - began) / 1000000)) $((kib / 1024)) $((peak / 1024))"
    kill "$server"
    wait "$server" || true
    server=
done | sort -n | awk '{ ms[NR] = $1; mib[NR] = $2; peak[NR] = $3 }
    END { m = int((NR + 1) / 2)
        printf "start to ready: median %d ms (%d to %d); memory at ready: %d MiB (peak %d MiB); %d runs\n",
            ms[m], ms[1], ms[NR], mib[m], peak[m], NR }'
