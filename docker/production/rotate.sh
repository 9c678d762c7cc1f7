#!/usr/bin/env bash
# Rotates a secret of compose.production.yaml without an interruption: rotate.sh begin NAME, later rotate.sh finish NAME.
#
# NAME is token_keys, redis or database. `begin` makes the new secret known to all, then uses it: two rounds of roll.sh.
# `finish` ends the old one. Between them everything works with both, so `finish` can wait: for token_keys it waits
# conversations.token_ttl_ms (a day), for as long a visitor may hold a token that the old key signed.
set -euo pipefail
here=$(dirname "$0")
ENGINE=${ENGINE:-docker}
export ENGINE
dir=${HSC_SECRETS:-$here/secrets}

container() {
  "$ENGINE" ps --quiet --filter label=com.docker.compose.project=hsc-production \
    --filter "label=com.docker.compose.service=$1" | head -n 1
}
# The passwords go through standard input: arguments are shown to everybody on the machine.
redis() {
  REDISCLI_AUTH=$(cat "$dir/redis_operator_password") "$ENGINE" exec --interactive --env REDISCLI_AUTH "$(container redis)" \
    redis-cli -e --user operator
}
sql() { "$ENGINE" exec --interactive "$(container postgres)" psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres; }

phase() {
  case $2 in
    redis) "$here/secrets.sh" "$1" redis | redis ;;
    database) "$here/secrets.sh" "$1" database | sql ;;
    *) "$here/secrets.sh" "$1" "$2" ;;
  esac
}

case ${1:-}:${2:-} in
  begin:token_keys | begin:redis | begin:database)
    phase add "$2"
    # All pods have the key before the first uses it. Redis and PostgreSQL know the new password already.
    [ "$2" != token_keys ] || "$here/roll.sh"
    phase use "$2"
    "$here/roll.sh"
    ;;
  finish:token_keys | finish:redis | finish:database)
    phase remove "$2"
    [ "$2" != token_keys ] || "$here/roll.sh"
    ;;
  *)
    echo "usage: rotate.sh begin | finish  token_keys | redis | database" >&2
    exit 2
    ;;
esac
