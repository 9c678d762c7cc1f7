#!/bin/sh
# Backups of PostgreSQL, in its own image: loop | once | list | restore FILE | healthy.
set -eu

dir=${BACKUP_DIR:-/backups}
keep=${BACKUP_KEEP:-14}
interval=${BACKUP_INTERVAL_S:-86400}

if [ -n "${PGPASSWORD_FILE:-}" ]; then
  PGPASSWORD=$(cat "$PGPASSWORD_FILE")
  export PGPASSWORD
fi
# A folder with a file each for PGHOST, PGUSER, PGPASSWORD and PGDATABASE, as Kubernetes mounts a secret.
for name in PGHOST PGUSER PGPASSWORD PGDATABASE; do
  if [ -e "${BACKUP_SECRETS:-/nowhere}/$name" ]; then
    export "$name=$(cat "$BACKUP_SECRETS/$name")"
  fi
done

say() { echo "backup: $*"; }

# Written under another name first: a file that ends in .dump is complete, and pg_restore has read its list.
once() {
  file=$dir/hsc-$(date -u +%Y%m%dT%H%M%SZ).dump
  rm -f "$dir"/*.partial
  pg_dump --format=custom --no-owner --no-privileges --role=hsc --file="$file.partial"
  pg_restore --list "$file.partial" > /dev/null
  mv "$file.partial" "$file"
  say "wrote $file, $(wc -c < "$file") bytes"
  # Names sort by time.
  find "$dir" -name 'hsc-*.dump' | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
    rm -f "$old"
    say "removed $old"
  done
}

case ${1:-} in
  loop)
    trap 'exit 0' TERM INT
    while :; do
      once || say "FAILED; the next try is in $interval s" >&2
      # In the background, so that a signal ends the wait.
      sleep "$interval" &
      wait $! || true
    done
    ;;
  once) once ;;
  list) find "$dir" -name 'hsc-*.dump' | sort ;;
  restore)
    file=$2
    [ -e "$file" ] || file=$dir/$2
    # All or nothing. Stop the pods first: they would write into tables that are being replaced.
    pg_restore --clean --if-exists --no-owner --no-privileges --role=hsc --single-transaction --exit-on-error \
      --dbname="${PGDATABASE:-hsc}" "$file"
    say "restored $file"
    ;;
  healthy)
    # The newest one is younger than two intervals.
    [ -n "$(find "$dir" -name 'hsc-*.dump' -mmin "-$((interval * 2 / 60 + 1))" | head -n 1)" ]
    ;;
  *)
    echo "usage: backup.sh loop | once | list | restore FILE | healthy" >&2
    exit 2
    ;;
esac
