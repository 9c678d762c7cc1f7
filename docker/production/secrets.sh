#!/usr/bin/env bash
# Makes and rotates the secrets of compose.production.yaml, one file each, in docker/production/secrets (HSC_SECRETS).
#
#     secrets.sh create HOST        all of them, with a certificate of an authority of their own; replace tls.crt and
#                                   tls.key with yours
#     secrets.sh render             redis_url, archive_url and redis_users.acl, out of the others
#     secrets.sh add NAME           phase 1: a new secret that is accepted beside the one in use
#     secrets.sh use NAME           phase 2: the new one is used, the old one still accepted
#     secrets.sh remove NAME        phase 3: the old one is accepted no longer
#
# NAME is token_keys, redis or database. Every pod restarts between two phases, so that none meets a secret that it
# does not accept; rotate.sh does all of it. Nothing is printed that is secret, but for the SQL of `add database` and
# `remove database`, which psql reads.
set -euo pipefail
umask 077
dir=${HSC_SECRETS:-$(dirname "$0")/secrets}

random() { openssl rand -hex 32; }
# The folder is private; in the containers the files are read by users of other numbers.
put() {
  # In place: a file that is mounted into a container keeps its inode.
  cat > "$dir/$1"
  chmod 444 "$dir/$1"
}
lines() { grep -v '^$' "$dir/$1"; }
first() { head -n 1 "$dir/$1"; }
fail() {
  echo "secrets.sh: $*" >&2
  exit 1
}

render() {
  # The pods read these, and token_keys and admin_token as they are: the settings …_file of compose.production.yaml.
  echo "redis://hsc:$(first redis_passwords)@redis:6379" | put redis_url
  echo "postgres://$(cat "$dir/database_user"):$(cat "$dir/database_password")@postgres/hsc" | put archive_url
  {
    # Nobody can be this user, and it may do everything: Redis reads its own append-only file as this user, and leaves
    # out each transaction that it may not do.
    echo 'user default off resetpass sanitize-payload ~* &* +@all'
    # The health check of the container: allowed to ping and nothing else.
    echo 'user health on >none -@all +ping'
    # rotate.sh: changes the passwords of a running Redis. ACL LOAD would end the connections of the pods.
    echo "user operator on >$(cat "$dir/redis_operator_password") -@all +acl|setuser"
    echo "user hsc on $(lines redis_passwords | sed 's/^/>/' | paste -sd' ' -) ~hsc:* &hsc:* +@all -@admin -@dangerous +info"
  } | put redis_users.acl
}

create() {
  local host=$1
  [ ! -e "$dir/token_keys" ] || fail "$dir has secrets already"
  mkdir -p "$dir"
  chmod 700 "$dir"
  local name
  for name in token_keys admin_token redis_passwords redis_operator_password database_password postgres_password grafana_password; do
    random | put "$name"
  done
  echo hsc_blue | put database_user
  if [ ! -e "$dir/tls.crt" ]; then
    local work
    work=$(mktemp -d)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=HSC-JIT own authority" \
      -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host" \
      -keyout "$work/tls.key" -out "$work/tls.csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' "$host" > "$work/names"
    openssl x509 -req -in "$work/tls.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 397 \
      -extfile "$work/names" -out "$work/tls.crt" 2>/dev/null
    put ca.crt < "$work/ca.crt"
    put tls.crt < "$work/tls.crt"
    put tls.key < "$work/tls.key"
    # The key of the authority is not kept: nothing else can be signed with it.
    rm -rf "$work"
  fi
  render
}

# The file of a secret that is a list: the first is used, all are accepted.
list_of() {
  case $1 in
    token_keys) echo token_keys ;;
    redis) echo redis_passwords ;;
    *) fail "there is no secret $1" ;;
  esac
}

other_role() { [ "$(cat "$dir/database_user")" = hsc_blue ] && echo hsc_green || echo hsc_blue; }

phase() {
  local phase=$1 name=$2 file now
  if [ "$name" = database ]; then
    # PostgreSQL accepts one password a role, so there are two roles.
    case $phase in
      add)
        random | put database_password.next
        echo "ALTER ROLE $(other_role) LOGIN PASSWORD '$(cat "$dir/database_password.next")';"
        return
        ;;
      use)
        [ -s "$dir/database_password.next" ] || fail "there is no new password: secrets.sh add database"
        now=$(other_role)
        echo "$now" | put database_user
        put database_password < "$dir/database_password.next"
        rm -f "$dir/database_password.next"
        ;;
      remove) echo "ALTER ROLE $(other_role) NOLOGIN PASSWORD NULL;" ;;
    esac
  else
    file=$(list_of "$name")
    now=$(lines "$file")
    case $phase in
      add)
        printf '%s\n%s\n' "$now" "$(random)" | put "$file"
        [ "$name" != redis ] || echo "ACL SETUSER hsc >$(tail -n 1 "$dir/$file")"
        ;;
      use)
        [ "$(lines "$file" | wc -l)" -gt 1 ] || fail "there is no new secret: secrets.sh add $name"
        { tail -n 1 <<<"$now"; head -n -1 <<<"$now"; } | put "$file"
        ;;
      remove)
        head -n 1 <<<"$now" | put "$file"
        [ "$name" != redis ] || tail -n +2 <<<"$now" | sed 's/^/ACL SETUSER hsc </'
        ;;
    esac
  fi
  render
}

case ${1:-} in
  create) create "${2:?the name of the host, such as chat.example.com}" ;;
  render) render ;;
  add | use | remove) phase "$1" "${2:?token_keys, redis or database}" ;;
  *) fail "usage: secrets.sh create HOST | render | add NAME | use NAME | remove NAME" ;;
esac
