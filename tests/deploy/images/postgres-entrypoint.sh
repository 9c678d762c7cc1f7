#!/bin/sh
# What docker/compose.production.yaml uses of the entry point of PostgreSQL's own image: initdb with the password of a
# file, the scripts of /docker-entrypoint-initdb.d, once; then the server.
set -eu
export PGDATA=/var/lib/postgresql/data/pgdata

if [ ! -e "$PGDATA/initialised" ]; then
  rm -rf "$PGDATA"
  # shellcheck disable=SC2086
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust ${POSTGRES_INITDB_ARGS:-} --pgdata="$PGDATA"
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --silent -o "-c listen_addresses=" start
  for script in /docker-entrypoint-initdb.d/*.sh; do
    sh "$script"
  done
  pg_ctl --wait --silent --mode=fast stop
  touch "$PGDATA/initialised"
fi
exec "$@" -c 'listen_addresses=*'
