#!/usr/bin/env bash
# Deploys the production file on this machine and goes through what operations promise: make test-deploy.
#
# Needs root and target/release/hsc, no registry. HSC_PREVIOUS_BINARY=FILE is the version before; one that drains more
# slowly needs RESUME_P99, such as 20s. Each step ends with a line of the report; the first that fails ends the run with
# exit code 1. The report is docs/deployment-report.md.
set -Eeuo pipefail
# shellcheck source=tests/deploy/machine.sh
. "$(dirname "$0")/machine.sh"

report=$work/report
# In this order; `start` is needed by all that follow. STEPS=… runs some of them, and then no report is written.
steps=${STEPS:-"images start smoke_test update broken restore rotate kubernetes proxies"}
# row STEP DETAIL: the step that ran since the last row.
row() {
  local took=$((SECONDS - began))
  printf '| %s | %s s | %s |\n' "$1" "$took" "$2" >> "$report"
  say "$1: $2 ($took s)"
  began=$SECONDS
}

images() {
  local sizes model_size languages
  sizes=$(podman image inspect --format '{{.Size}}' localhost/hsc-jit:next)
  model_size=$(du --summarize --bytes "$model" | cut -f 1)
  [ $(((sizes - model_size) / 1000000)) -lt 120 ] || fail "the image has $sizes bytes, $model_size of them the model"
  podman run --rm --network none --entrypoint sh localhost/hsc-jit:next -c true 2>/dev/null && fail "the image has a shell"
  languages=$(quietly podman run --rm --network none --entrypoint tesseract localhost/hsc-jit:next --list-langs | tail -n +2 | paste -sd' ' -)
  [ "$(podman image inspect --format '{{.User}}' localhost/hsc-jit:next)" = 10001:10001 ] || fail "the image runs as root"
  quietly podman run --rm --network none --read-only localhost/hsc-jit:next --version > "$work/log/version"
  row "build the image" "$(((sizes - model_size) / 1000000)) MB without the model, $((sizes / 1000000)) MB with it; user 10001, no shell; tesseract reads $languages; $(cat "$work/log/version")"
}

start() {
  # The certificate is for this host, where the probe expects nginx, and for localhost.
  "$root/docker/production/secrets.sh" create chat.example.com
  start_production localhost/hsc-jit:previous
  local warnings
  # Redis asks for vm.overcommit_memory, a setting of the machine (docs/operations/install.md).
  warnings=$(for name in pod-a pod-b pod-c nginx redis postgres backup prometheus; do
    podman logs "$(container "$name")" 2>&1 | grep -i -E '"level":"(warn|error)"|\bwarn(ing)?\b|\berror\b|FATAL' |
      grep -v overcommit | sed "s/^/$name: /"
  done || true)
  [ -z "$warnings" ] || fail "warnings at the start: $warnings"
  row "start three pods, Redis, PostgreSQL, nginx, Prometheus, backups" "all health checks pass, no warning in a log"
}

smoke_test() {
  smoke > "$work/log/smoke" || { cat "$work/log/smoke" >&2; fail "smoke test"; }
  local status path
  for path in /metrics /admin/pods /admin; do
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' --cacert "$HSC_SECRETS/ca.crt" "$url$path")
    case $path:$status in
      /metrics:404 | /admin/pods:401 | /admin:200) ;;
      *) fail "$path answers $status" ;;
    esac
  done
  status=$(curl --silent --output /dev/null --write-out '%{http_code} %{redirect_url}' http://localhost:8080/)
  [ "$status" = "301 https://localhost/" ] || fail "http is not sent to https: $status"
  [ "$(admin /admin/pods | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["pods"]))')" = 3 ] || fail "not three pods"
  eventually 60 "Prometheus reads three pods" three_targets
  HSC_IMAGE=localhost/hsc-jit:next compose up -d --no-build --no-deps probe > "$work/log/probe" 2>&1
  eventually 120 "Prometheus reads a run of the probe that passed" probe_passed
  row "smoke test" "$(grep -c ' ok ' "$work/log/smoke") checks pass through nginx with TLS; /metrics is closed; Prometheus reads three pods, and of the probe that its run passed"
}
probe_passed() { prometheus 'hsc_smoke_runs_total{job="hsc-probe",outcome="passed"} > 0' | grep -q '"hsc-probe"'; }
three_targets() { prometheus 'sum(up{job="hsc"})' | grep -q '"3"'; }

# under_load NAME COMMAND...: the command, while visitors ask; it fails if one of them lost something, or if what
# `limits` has is exceeded.
limits=()
under_load() {
  local name=$1 pid status=0
  shift
  "$client" load ask --url wss://localhost:8443/ws --ca-file "$HSC_SECRETS/ca.crt" --users 30 --think 1s --ramp 3s \
    --duration 10m --quiet --json "$work/log/$name.json" \
    --fail-if 'errors>0' --fail-if 'timeouts>0' --fail-if 'not-recovered>0' --fail-if 'gaps>0' --fail-if 'refused>0' \
    "${limits[@]}" > "$work/log/$name.load" 2>&1 &
  pid=$!
  sleep 5
  "$@" > "$work/log/$name" 2>&1 || status=$?
  sleep 5
  podman logs "$(container nginx)" > "$work/log/$name.nginx" 2>&1
  kill -INT "$pid" 2>/dev/null || fail "$name: the load ended early: $(cat "$work/log/$name.load")"
  wait "$pid" || fail "$name: visitors lost something: $(cat "$work/log/$name.load")
$(prometheus 'sum by (outcome) (hsc_conversations_resumed_total)')"
  [ "$status" = 0 ] || { cat "$work/log/$name" >&2; fail "$name: exit code $status"; }
}
# What the visitors saw, from the results of the load.
seen() {
  python3 - "$work/log/$1.json" <<'PY'
import json, sys
run = json.load(open(sys.argv[1]))
operations, counts = run["operations"], run["counts"]
def latency(name, quantile):
    return f"{operations[name]['latency_us'][quantile] / 1000:.0f} ms" if name in operations else "not measured"
print(f"{operations['ask']['count']} questions answered, 0 lost; {counts['moved']} sockets moved, {counts['dropped']} dropped, "
      f"{counts['not-recovered']} not recovered, {counts['errors']} errors; ask p95 {latency('ask', 'p95')}, resume p99 {latency('resume', 'p99')}")
PY
}

update() {
  # Versions that read each other's conversations: a visitor whose pod leaves goes on within a second.
  local limits=(--fail-if "resume.p99>${RESUME_P99:-1s}")
  under_load update "$root/docker/production/roll.sh" localhost/hsc-jit:next
  smoke_all > "$work/log/smoke" || { cat "$work/log/smoke" >&2; fail "smoke test after the update"; }
  row "rolling update under load" "$(seen update); smoke test passes: $(grep '^metrics' "$work/log/smoke" | sed 's/.*ms  //')"
  under_load rollback "$root/docker/production/roll.sh" localhost/hsc-jit:previous
  row "roll back under load" "$(seen rollback)"
  under_load update-again "$root/docker/production/roll.sh" localhost/hsc-jit:next
  row "update again under load" "$(seen update-again)"
  export HSC_IMAGE=localhost/hsc-jit:next
}

broken() {
  # Ready for its probes, and no visitor reaches it: only a test from outside sees that.
  printf 'FROM localhost/hsc-jit:next\nENV HSC__SERVER__PORT=8001\n' |
    bud image-broken --tag localhost/hsc-jit:broken --file - "$work/binary"
  "$root/docker/production/roll.sh" localhost/hsc-jit:broken > "$work/log/broken" 2>&1 && fail "a broken version was rolled out"
  local image
  for pod in pod-a pod-b pod-c; do
    image=$(podman inspect --format '{{.Config.Image}}' "$(container "$pod")")
    [ "$image" = localhost/hsc-jit:next ] || fail "$pod runs $image after a failed update"
  done
  smoke > "$work/log/smoke" || { cat "$work/log/smoke" >&2; fail "smoke test after a failed update"; }
  row "refuse a broken version" "its probes pass, the smoke test of the first pod fails, the pod gets the previous image back, exit code 1; $(grep -c ' ok ' "$work/log/smoke") checks pass afterwards"
}

# Every table and its rows.
counts() {
  sql <<'SQL'
SELECT string_agg(format('SELECT %L AS name, count(*) FROM %I.%I', table_name, table_schema, table_name), ' UNION ALL ') || ' ORDER BY name'
FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' \gexec
SQL
}

restore() {
  local before after file rows
  compose stop pod-a pod-b pod-c >/dev/null
  before=$(counts)
  podman exec "$(container backup)" sh /etc/hsc/backup.sh once >/dev/null
  file=$(podman exec "$(container backup)" sh /etc/hsc/backup.sh list | tail -n 1)
  sql <<< 'DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION hsc;' 2>/dev/null
  [ -z "$(counts)" ] || fail "the tables are still there"
  podman exec "$(container backup)" sh /etc/hsc/backup.sh restore "$file" >/dev/null
  after=$(counts)
  [ "$before" = "$after" ] || fail "rows differ after the restore: $before / $after"
  compose start pod-a pod-b pod-c >/dev/null
  for pod in pod-a pod-b pod-c; do eventually 60 "$pod is healthy" healthy "$pod"; done
  smoke > "$work/log/smoke" || { cat "$work/log/smoke" >&2; fail "smoke test after the restore"; }
  rows=$(awk -F'|' '{ sum += $2 } END { print sum }' <<< "$before")
  [ "$rows" -gt 100 ] || fail "only $rows rows were there to be restored"
  row "back up, lose the tables, restore" "$(wc -l <<< "$before") tables, $rows rows before and after: $(awk -F'|' '$2 > 0 { print $1 " " $2 }' <<< "$before" | paste -sd, - | sed 's/,/, /g')"
}

rotate() {
  local name
  for name in token_keys redis database; do
    # The visitors of `finish` came after `begin`, as visitors do who come later than conversations.token_ttl_ms.
    under_load "rotate-$name" "$root/docker/production/rotate.sh" begin "$name"
    under_load "rotate-$name-finish" "$root/docker/production/rotate.sh" finish "$name"
    row "rotate $name under load" "begin: $(seen "rotate-$name"). finish: $(seen "rotate-$name-finish")"
  done
}

# The Deployment of docker/kubernetes, as podman runs it: the same image, settings, security and limits.
kubernetes() {
  "$root/tests/deploy/kube.sh" > "$work/log/kube" 2>&1 || { tail -n 20 "$work/log/kube" >&2; fail "kube.sh"; }
  row "play the rendered Deployment of Kubernetes" "$(tail -n 1 "$work/log/kube")"
}

proxies() {
  HSC_CLIENT=$client "$root/tests/deploy/proxies.sh" "$binary" 205s > "$work/log/proxies" 2>&1 || { tail -n 20 "$work/log/proxies" >&2; fail "proxies.sh"; }
  row "the examples for nginx and HAProxy" "$(tail -n 1 "$work/log/proxies")"
}

all() {
  trap remove_production EXIT
  remove_production
  rm -rf "$HSC_SECRETS"
  : > "$report"
  began=$SECONDS
  local step
  for step in $steps; do
    "$step"
  done
}

write_report() {
  local note="the same build as the new one"
  [ "$previous" = "$binary" ] || note=$("$previous" --version)
  {
    echo "# Deployment report"
    echo
    echo "Written by \`make test-deploy\`. The production compose file with podman $(podman --version | cut -d ' ' -f 3) and runc on"
    echo "$(nproc) cores: images built without a registry, containers in namespaces of their own. Version before: $note."
    echo "Grafana is not started: Debian has no package of it."
    echo
    echo "| step | time | result |"
    echo "|---|---|---|"
    cat "$report"
  } > "$root/docs/deployment-report.md"
}

trap 'echo "deploy: FAILED at line $LINENO: $BASH_COMMAND" >&2' ERR
if [ "${1:-}" = inside ]; then
  all
  exit
fi
prepare
base_image
service_images
server_image next "$binary"
server_image previous "$previous"
in_namespaces 3000 "$(realpath "$0")" inside
if [ -n "${STEPS:-}" ]; then
  say "passed: $STEPS"
  exit
fi
write_report
say "passed; docs/deployment-report.md"
