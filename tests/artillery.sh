#!/usr/bin/env bash
# Runs docs/load/artillery.yml against a real server and compares both sides: the server read every message
# of Artillery, every question was answered and no visitor failed.
#   tests/artillery.sh HSC FOLDER      FOLDER caches Artillery between runs; it is installed if missing
# If Artillery cannot be installed, nothing is tested and a message says so.
set -euo pipefail

hsc=${1:?which hsc? for example target/debug/hsc}
artillery=$(realpath -m "${2:?which folder is Artillery in? for example .make/artillery}")
# The newest version that runs on the required Node.js.
version=2.0.34
# Long enough that visitors overlap; there are 15.
seconds=5 a_second=3

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT

if [ ! -x "$artillery/node_modules/.bin/artillery" ]; then
    mkdir -p "$artillery"
    # Its install scripts would download a browser.
    if ! timeout 300 npm install --prefix "$artillery" --ignore-scripts --no-audit --no-fund --silent "artillery@$version" >"$folder/npm" 2>&1; then
        echo "artillery.sh: Artillery does not install here, so its scenario is not tested:"
        tail -n 3 "$folder/npm"
        exit 0
    fi
fi

cd "$root"
# The server's shell may create it after the first look.
: >"$folder/out"
HSC__SERVER__PORT=0 HSC__LOG__LEVEL=error HSC__ARCHIVE__PATH="" HSC__ANSWERS__ENCODER__ENABLED=false "$hsc" serve >"$folder/out" &
server=$!
deadline=$((SECONDS + 60))
until address=$(grep -m 1 -o 'http://[0-9.:]*' "$folder/out"); do
    kill -0 "$server" # ends the script when the server has ended
    [ $SECONDS -lt $deadline ] || { echo "$0: hsc serve printed no address within 60 s" >&2; exit 1; }
    sleep 0.05
done

sed "s/duration: .*/duration: $seconds/; s/arrivalRate: .*/arrivalRate: $a_second/" docs/load/artillery.yml >"$folder/scenario.yml"
ARTILLERY_DISABLE_TELEMETRY=1 timeout 120 "$artillery/node_modules/.bin/artillery" run \
    --target "ws${address#http}/ws" --output "$folder/run.json" "$folder/scenario.yml" >"$folder/log" 2>&1 || {
    cat "$folder/log"
    exit 1
}
curl -fs --max-time 30 --noproxy '*' "$address/metrics" >"$folder/metrics"

node - "$folder/run.json" "$folder/metrics" $((seconds * a_second)) <<'JS'
const { readFileSync } = require("node:fs");
const [run, metrics, visitors] = process.argv.slice(2);
const counters = JSON.parse(readFileSync(run, "utf8")).aggregate.counters;
const lines = readFileSync(metrics, "utf8").split("\n");
const counted = (name) =>
  lines.filter((line) => line.startsWith(name)).reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
const checks = [
  ["visitors who came", counters["vusers.created"], Number(visitors)],
  ["visitors who failed", counters["vusers.failed"] ?? 0, 0],
  ["messages the server read of those that were sent", counted("hsc_ws_received_total{"), counters["websocket.messages_sent"]],
  ["messages it did not understand", counted('hsc_ws_received_total{type="invalid"}'), 0],
  ["final answers", counted('hsc_ws_sent_total{type="final_answer"}'), Number(visitors)],
];
const wrong = checks.filter(([, is, wanted]) => is !== wanted);
for (const [what, is, wanted] of wrong) console.error(`artillery.sh: ${what}: ${is}, not ${wanted}`);
if (wrong.length > 0) process.exit(1);
console.log(`artillery.sh: ${visitors} visitors of Artillery typed and asked, and each got an answer`);
JS
