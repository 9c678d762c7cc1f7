#!/usr/bin/env bash
# The examples for nginx and HAProxy before two servers: deploy.sh calls it within its namespaces, where ports 80 and
# 443 are free. It takes 210 s, most of them a socket that is idle. The last line says what was seen.
set -Eeuo pipefail
# shellcheck source=tests/deploy/machine.sh
. "$(dirname "$0")/machine.sh"
trap 'echo "proxies: FAILED at line $LINENO: $BASH_COMMAND" >&2' ERR

here=$work/proxies
examples=$root/docker/examples
rm -rf "$here"
mkdir -p "$here"
started=()
trap '[ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null || true' EXIT

redis-server --port 6399 --bind 127.0.0.1 --save "" --daemonize no > "$here/redis.log" 2>&1 &
started+=($!)
export HSC__SERVER__TRUSTED_PROXIES=127.0.0.1 HSC__SERVER__PUBLIC_URL=https://localhost REDIS_URL=redis://127.0.0.1:6399
HSC__ADMIN__TOKEN=$(cat "$HSC_SECRETS/admin_token")
HSC__CONVERSATIONS__TOKEN_KEYS=$(head -n 1 "$HSC_SECRETS/token_keys")
export HSC__ADMIN__TOKEN HSC__CONVERSATIONS__TOKEN_KEYS HSC__SESSIONS__MAX=1000 HSC__ANSWERS__ENCODER__ENABLED=false
for number in 1 2; do
  mkdir -p "$here/$number"
  (cd "$here/$number" && HSC__CATALOG__DIR=$root/catalogs/data HSC__SERVER__PORT=800$number \
    HSC__SERVER__OPERATIONS_LISTEN=127.0.0.1:909$((number + 4)) HSC__ARCHIVE__PATH=$here/$number/hsc.sqlite \
    exec "$binary" serve) > "$here/$number.log" 2>&1 &
  started+=($!)
done
for number in 1 2; do
  eventually 60 "server $number is ready" curl --silent --fail "http://127.0.0.1:909$((number + 4))/ready"
done

openssl_files() {
  cp "$HSC_SECRETS/tls.crt" "$HSC_SECRETS/tls.key" "$here/"
  cat "$here/tls.crt" "$here/tls.key" > "$here/tls.pem"
}
openssl_files
# Both proxies at once: HAProxy gets other ports, and as many connections as a small machine has descriptors for.
# Nothing else of the examples is changed but the paths.
sed -e "s#/etc/hsc/nginx-proxy.conf#$examples/nginx-proxy.conf#; s#/etc/hsc/#$here/#; s#/var/log/nginx/#$here/nginx-#" \
  -e "s#^user .*##; s#/run/nginx.pid#$here/nginx.pid#" "$examples/nginx.conf" > "$here/nginx.conf"
nginx -c "$here/nginx.conf" -g 'daemon off;' > "$here/nginx.log" 2>&1 &
started+=($!)
sed "s#/etc/hsc/#$here/#; s#bind :80\$#bind :81#; s#bind :443 #bind :444 #; s#maxconn 20000#maxconn 2000#" "$examples/haproxy.cfg" > "$here/haproxy.cfg"
haproxy -W -f "$here/haproxy.cfg" > "$here/haproxy.log" 2>&1 &
started+=($!)

status() { curl --silent --output /dev/null --write-out '%{http_code}' --max-time 10 --cacert "$HSC_SECRETS/ca.crt" "$@"; }
for port in 443 444; do
  url=https://localhost:$port
  eventually 20 "the proxy at $port" curl --silent --fail --cacert "$HSC_SECRETS/ca.crt" "$url/ping"
  # A socket on which nothing happens but the pings of the server.
  timeout 260 "$client" load idle --users 5 --duration 205s --url "wss://localhost:$port/ws" --ca-file "$HSC_SECRETS/ca.crt" \
    --quiet --fail-if 'dropped>0' --fail-if 'moved>0' --fail-if 'errors>0' --fail-if 'opened>5' > "$here/idle.$port" 2>&1 &
  declare "idle_$port=$!"
  "$client" smoke "$url" --ca-file "$HSC_SECRETS/ca.crt"
  [ "$(status "$url/metrics")" = 404 ] || fail "$url/metrics is open"
  # 127.0.0.5 is a stranger to the policy of /admin; what a visitor claims changes nothing.
  for claim in "" "X-Forwarded-For: 127.0.0.1" "Forwarded: for=127.0.0.1"; do
    [ "$(status --interface 127.0.0.5 -H "$claim" "$url/admin/pods")" = 403 ] || fail "$url/admin is open to strangers"
  done
  [ "$(status -H "Authorization: Bearer $HSC__ADMIN__TOKEN" "$url/admin/pods")" = 200 ] || fail "$url/admin is closed to the office"
  # The server knows the visitor by the address that the proxy saw, not by the one that is claimed.
  status --interface "127.0.0.$((port - 400))" -H "X-Forwarded-For: 198.51.100.7" -H "Content-Type: application/json" -H "Origin: https://localhost" \
    -d '{"address":"nobody@example.com","password":"wrong wrong wrong"}' "$url/api/sign-in" > "$here/sign-in.$port"
  cat "$here/1.log" "$here/2.log" > "$here/requests.$port"
  grep -q "\"client\":\"127.0.0.$((port - 400))\"" "$here/requests.$port" || fail "$url: the log does not name the visitor's address"
  grep -q "198.51.100.7" "$here/requests.$port" && fail "$url: a visitor chose its own address"
done
[ "$(status http://localhost/)" = 301 ] && [ "$(status http://localhost:81/)" = 301 ] || fail "http is not sent to https"
for port in 443 444; do
  pid=idle_$port
  wait "${!pid}" || fail "an idle socket was closed: $(cat "$here/idle.$port")"
done
echo "nginx $(nginx -v 2>&1 | sed 's/.*nginx.//') and HAProxy $(haproxy -v | sed -n 's/.*version \([0-9.]*\).*/\1/p'): smoke test passes over TLS, /metrics and /admin are closed, a claimed address is not believed, 5 sockets each idle for 205 s and kept"
