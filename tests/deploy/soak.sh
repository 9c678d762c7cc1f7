#!/usr/bin/env bash
# Runs the production file under load with a fault each minute, and prints the objectives at the end: soak.sh DURATION,
# such as 60m. Needs root and target/release/hsc. Exit code 1 if an objective was missed. The table is docs/soak-report.md.
#
# Faults, in turn: kill -9 of a pod, Redis restarts, a slow disk of Redis and PostgreSQL, PostgreSQL restarts, a rolling
# update. Load: 30 visitors who ask and type, through nginx with TLS; a visitor who loses something is an error.
set -Eeuo pipefail
# shellcheck source=tests/deploy/machine.sh
. "$(dirname "$0")/machine.sh"
duration=${1:-60m}
case $duration in
  *m) seconds=$((${duration%m} * 60)) ;;
  *s) seconds=${duration%s} ;;
  *) fail "how long, such as 60m" ;;
esac
[ "$seconds" -ge 300 ] || fail "at least 5m: each fault once"
trap 'echo "soak: FAILED at line $LINENO: $BASH_COMMAND" >&2' ERR
faults=$work/faults
targets=$work/report.soak

kill_pod() {
  local pod=pod-$1
  kill -9 "$(podman inspect --format '{{.State.Pid}}' "$(container "$pod")")"
  # podman starts it again, as its restart policy says.
  eventually 50 "$pod runs again" podman exec "$(container "$pod")" hsc ping
}
restart_service() {
  quietly podman restart --time 20 "$(container "$1")" >/dev/null
  eventually 50 "$1 is healthy" healthy "$1"
}
# 20 writes a second that wait for the disk, for 30 s: what a full queue of a shared disk looks like.
slow_disk() {
  local device name process group
  device=$(stat --format '%Hd:%Ld' "$work")
  # The whole disk: the kernel throttles no partition.
  [ -e "/sys/dev/block/$device/partition" ] && device=$(cat "/sys/dev/block/$device/../dev")
  for rate in 20 0; do
    for name in redis postgres; do
      process=$(podman inspect --format '{{.State.Pid}}' "$(container "$name")")
      group=/sys/fs/cgroup/blkio$(sed -n 's/^[0-9]*:blkio://p' "/proc/$process/cgroup")
      echo "$device $rate" > "$group/blkio.throttle.write_iops_device"
    done
    [ "$rate" = 0 ] || sleep 30
  done
}
roll() { "$root/docker/production/roll.sh" > "$work/log/soak.roll" 2>&1; }

note() { printf '%4d s  %s\n' "$((SECONDS - began))" "$1" >> "$faults"; }
fault() {
  case $(($1 % 5)) in
    0) note "kill -9 of a pod"; kill_pod "$(echo a b c | cut -d ' ' -f $(($1 / 5 % 3 + 1)))" ;;
    1) note "restart of Redis"; restart_service redis ;;
    2) note "slow disk for 30 s"; slow_disk ;;
    3) note "restart of PostgreSQL"; restart_service postgres ;;
    4) note "rolling update"; roll ;;
  esac
}

# objective NAME VALUE COMPARISON TARGET UNIT
objective() {
  local met=missed
  awk "BEGIN { exit !($2 $3 $4) }" && met=met || missed=1
  printf '| %s | %s %s | %s %s | %s |\n' "$1" "$(printf '%.3f' "$2" | sed 's/\.\?0*$//')" "$5" "$3" "$4 $5" "$met" >> "$targets"
}
value() { prometheus "$1" | python3 -c 'import json,sys; r=json.load(sys.stdin)["data"]["result"]; print(r[0]["value"][1] if r else "nan")'; }

objectives() {
  local window=${seconds}s answers hits
  missed=0
  # As visitors see it: each run of the smoke test through nginx.
  objective "availability: smoke tests that passed" \
    "$(curl --silent http://127.0.0.1:9115/metrics | awk '/^hsc_smoke_runs_total/ { all += $2; if ($0 ~ /passed|success|ok/) good += $2 } END { print 100 * good / all }')" '>=' 99.9 %
  python3 - "$work/log/soak.json" > "$work/log/soak.visitors" <<'PY'
import json, sys
run = json.load(open(sys.argv[1]))
counts, asked = run["counts"], run["operations"]["ask"]["count"]
lost = counts["errors"] + counts["timeouts"] + counts["not-recovered"] + counts["gaps"]
print(100 * lost / asked, run["operations"]["ask"]["latency_us"]["p95"] / 1000, asked, lost, counts["refused"], counts["opened"])
PY
  read -r lost p95 asked _ refused opened < "$work/log/soak.visitors"
  objective "availability: sockets that were opened at the first attempt" "$(awk "BEGIN { print 100 * $opened / ($opened + $refused) }")" '>=' 99.9 %
  objective "error rate: questions that visitors lost, of $asked" "$lost" '<' 0.1 %
  answers="sum(increase(hsc_ws_sent_total{type=\"error\"}[$window])) / sum(increase(hsc_answers_total[$window])) * 100"
  objective "error rate: errors sent by the pods" "$(value "$answers or vector(0)")" '<' 0.1 %
  objective "p95 of an answer, as visitors wait for it" "$p95" '<' 500 ms
  objective "p95 of an answer, as the pods measure it" \
    "$(value "histogram_quantile(0.95, sum by (le) (increase(hsc_answer_seconds_bucket[$window]))) * 1000")" '<' 500 ms
  # As monitoring/alerts/slo.yml has it: a miss in memory that Redis serves is a hit.
  hits="sum(increase(hsc_cache_hits_total{cache=\"manuals\"}[$window]))"
  misses="clamp_min(sum(increase(hsc_cache_misses_total{cache=\"manuals\",layer=\"l1\"}[$window])) - (sum(increase(hsc_cache_hits_total{cache=\"manuals\",layer=\"l2\"}[$window])) or vector(0)), 0)"
  hits="100 * $hits / ($hits + $misses)"
  objective "cache hit rate of manuals" "$(value "$hits")" '>' 80 %
  prometheus "round(sum by (reason) (increase(hsc_ws_refused_total[$window]))) > 0" | python3 -c '
import json, sys
print(", ".join(it["value"][1] + " " + it["metric"]["reason"] for it in json.load(sys.stdin)["data"]["result"]) or "none")
' > "$work/log/soak.refused"
  prometheus "round(sum by (outcome) (increase(hsc_conversations_resumed_total[$window]))) > 0" | python3 -c '
import json, sys
print(", ".join(it["value"][1] + " " + it["metric"]["outcome"] for it in json.load(sys.stdin)["data"]["result"]))
' > "$work/log/soak.resumed"
  return "$missed"
}

all() {
  local load probe turn=0 began until status=0
  trap remove_production EXIT
  remove_production
  rm -rf "$HSC_SECRETS"
  : > "$faults"
  : > "$targets"
  "$root/docker/production/secrets.sh" create localhost
  start_production localhost/hsc-jit:next
  cat > "$work/mix.toml" <<'MIX'
[[visitor]]
scenario = "ask"
weight = 2
think = "2s"

[[visitor]]
scenario = "typing"
MIX
  "$client" load --mix "$work/mix.toml" --url wss://localhost:8443/ws --ca-file "$HSC_SECRETS/ca.crt" --users 30 --ramp 10s \
    --duration "$((seconds + 60))s" --quiet --json "$work/log/soak.json" > "$work/log/soak.load" 2>&1 &
  load=$!
  "$client" smoke "$url" --ca-file "$HSC_SECRETS/ca.crt" --every 10s --listen 127.0.0.1:9115 > "$work/log/soak.smoke" 2>&1 &
  probe=$!
  began=$SECONDS
  until=$((SECONDS + seconds))
  while [ "$SECONDS" -lt "$until" ]; do
    local minute=$SECONDS
    # Into a file: the monitor of a container that is started would hold a pipe open.
    fault "$turn" > "$work/log/soak.fault" 2>&1
    say "$(tail -n 1 "$faults")"
    kill -0 "$load" 2>/dev/null || fail "the load ended: $(cat "$work/log/soak.load")"
    turn=$((turn + 1))
    [ "$((SECONDS - minute))" -ge 60 ] || sleep "$((60 - (SECONDS - minute)))"
  done
  kill -INT "$load"
  wait "$load" || true
  # The last scrape.
  sleep 20
  objectives || status=1
  kill "$probe"
  return "$status"
}

write_report() {
  {
    echo "# Soak report"
    echo
    echo "Written by \`make soak DURATION=$duration\`: the production compose file on $(nproc) cores, which it shares with the load"
    echo "(30 visitors through nginx with TLS), and $(grep -c ' s  ' "$faults") faults, one each minute:"
    echo "$(sed 's/^ *[0-9]* s *//' "$faults" | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\1 times \2/' | paste -sd, - | sed 's/,/, /g')."
    echo
    echo "| objective | measured | target | |"
    echo "|---|---|---|---|"
    cat "$targets"
    echo
    echo "Resumes, as the pods count them: $(cat "$work/log/soak.resumed")."
    echo
    echo "Handshakes that a pod refused (nginx asks the next one), by reason: $(cat "$work/log/soak.refused")."
    echo
    echo "What the visitors saw:"
    echo
    sed 's/^/    /; s/ *$//' "$work/log/soak.load"
  } > "$root/docs/soak-report.md"
}

if [ "${2:-}" = inside ]; then
  all
  exit
fi
prepare
base_image
service_images
server_image next "$binary"
status=0
in_namespaces "$((seconds + 900))" "$(realpath "$0")" "$duration" inside || status=1
[ -s "$targets" ] || exit 1
write_report
cat "$targets"
exit "$status"
