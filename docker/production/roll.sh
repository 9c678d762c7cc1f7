#!/usr/bin/env bash
# Replaces the pods of compose.production.yaml one after the other, without an interruption: roll.sh [IMAGE]
#
# Without IMAGE the pods restart as they are, for example with new secrets. A pod that does not become ready within
# ROLL_TIMEOUT_S (90), or that fails the smoke test, gets its previous image back, and the others are not touched: exit
# code 1. Back to an older version is the same command with the older image.
#
# Between two pods it waits ROLL_PAUSE_S (5): a pod that is ready for less could be one that dies at its first question.
#
# ENGINE is docker or podman, COMPOSE "docker compose" or podman-compose.
set -euo pipefail
ENGINE=${ENGINE:-docker}
COMPOSE=${COMPOSE:-"$ENGINE compose"}
file=$(dirname "$0")/../compose.production.yaml
timeout=${ROLL_TIMEOUT_S:-90}

say() { echo "roll: $*"; }
container() {
  "$ENGINE" ps --all --quiet --filter label=com.docker.compose.project=hsc-production \
    --filter "label=com.docker.compose.service=$1" | head -n 1
}
replace() {
  # shellcheck disable=SC2086
  HSC_IMAGE=$2 $COMPOSE -f "$file" up -d --no-build --no-deps --force-recreate "$1" >/dev/null
}
# The time limit of `hsc ping` is 2 s, so this ends.
ready() {
  local until=$((SECONDS + timeout))
  while [ "$SECONDS" -lt "$until" ]; do
    "$ENGINE" exec "$(container "$1")" hsc ping >/dev/null 2>&1 && return 0
    sleep 1
  done
  return 1
}

# As a visitor: `hsc ping` asks the operations address alone. A version from before `hsc smoke` is believed.
smoke() {
  "$ENGINE" exec "$(container "$1")" hsc smoke --help >/dev/null 2>&1 || return 0
  "$ENGINE" exec "$(container "$1")" hsc smoke http://127.0.0.1:8000 --operations http://127.0.0.1:9090
}

for pod in pod-a pod-b pod-c; do
  before=$("$ENGINE" inspect --format '{{.Config.Image}}' "$(container "$pod")")
  image=${1:-$before}
  say "$pod: $before -> $image"
  report=
  replace "$pod" "$image"
  if ready "$pod" && report=$(smoke "$pod"); then
    say "$pod is ready"
    sleep "${ROLL_PAUSE_S:-5}"
  else
    say "$pod is not usable with $image; it gets $before back" >&2
    echo "${report:-}" >&2
    "$ENGINE" logs --tail 5 "$(container "$pod")" >&2 || true
    replace "$pod" "$before"
    ready "$pod" || say "$pod does not become ready with $before either" >&2
    exit 1
  fi
done
