#!/usr/bin/env bash
# The examples for nginx and HAProxy before two servers with one Redis: `tests/deploy/proxies.sh HSC [IDLE]`.
# `make test-proxies` takes some seconds; `make test-deploy` gives IDLE (205s) and keeps sockets idle for so long too.
# HSC_CLIENT is another binary for `hsc smoke` and `hsc load`. Needs no root. The last line says what was seen.
set -Eeuo pipefail
trap 'echo "proxies: FAILED at line $LINENO: $BASH_COMMAND" >&2' ERR

hsc=$(realpath "${1:?which hsc? for example target/debug/hsc}")
idle=${2:-}
client=$(realpath "${HSC_CLIENT:-$hsc}")
root=$(cd "$(dirname "$0")/../.." && pwd)
examples=$root/docker/examples
# An address of its own for all that listens: no other process has this number (22 bits), so every port is free.
host=127.$((128 + ($$ >> 16))).$(($$ >> 8 & 255)).$(($$ & 255))
mkdir -p "$root/.make"
here=$(mktemp -d -p "$root/.make")
token=$(openssl rand -hex 32)
# What is ended with SIGKILL, and the proxies, which end their children when they are told to stop.
killed=()
stopped=()

fail() {
  echo "proxies: FAILED: $*" >&2
  tail -n 5 "$here"/*.log >&2 || true
  exit 1
}
# eventually SECONDS WHAT COMMAND...: waits until the command succeeds.
eventually() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "waited in vain for: $what"
    sleep 0.1
  done
}
finish() {
  local pid
  [ ${#killed[@]} = 0 ] || kill -9 "${killed[@]}" 2> /dev/null || true
  [ ${#stopped[@]} = 0 ] || kill "${stopped[@]}" 2> /dev/null || true
  local deadline=$((SECONDS + 10))
  for pid in "${stopped[@]}"; do
    until ! kill -0 "$pid" 2> /dev/null; do
      [ "$SECONDS" -lt "$deadline" ] || { echo "proxies: $pid is not gone 10 s after SIGTERM" >&2; kill -9 "$pid"; }
      sleep 0.1
    done
  done
  rm -rf "$here"
}
trap finish EXIT

# Every timeout of a WebSocket that is idle, in seconds: over 200 s, whoever pings.
timeouts() {
  sed -n 's/^ *proxy_\(read\|send\)_timeout \([0-9]*\)s;$/\2/p' "$examples/nginx-proxy.conf" "$root/docker/production/nginx.conf"
  sed -n 's/^ *timeout tunnel \([0-9]*\)s$/\1/p' "$examples/haproxy.cfg"
  sed -n 's/^ *nginx.ingress.kubernetes.io\/proxy-\(read\|send\)-timeout: "\([0-9]*\)"$/\2/p' "$root/docker/kubernetes/base/ingress.yaml"
}
[ "$(timeouts | wc -l)" = 7 ] || fail "nginx (2), nginx in compose (2), HAProxy (1) and the Ingress (2) have other timeouts: $(timeouts | paste -s)"
for seconds in $(timeouts); do
  [ "$seconds" -gt 200 ] || fail "a proxy closes a socket that is idle for $seconds s"
done

authority() {
  local new_key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
  # shellcheck disable=SC2086 # words
  openssl req -x509 $new_key -days 2 -subj /CN=proxies -keyout ca.key -out ca.crt
  # shellcheck disable=SC2086 # words
  openssl req $new_key -subj /CN=chat.example.com -keyout tls.key -out tls.csr
  printf 'subjectAltName=IP:%s\nbasicConstraints=CA:FALSE\n' "$host" > names
  openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out tls.crt
  cat tls.crt tls.key > tls.pem
}
(cd "$here" && authority) > "$here/openssl.log" 2>&1 || fail "openssl made no certificate"

(cd "$here" && exec redis-server --port 6379 --bind "$host" --save "" --daemonize no) > "$here/redis.log" 2>&1 &
killed+=($!)
# Bash says nothing when it is killed.
disown
declare -A pods
# The settings that the comments of the examples ask for, and one secret for both.
serve() {
  mkdir -p "$here/$1"
  cd "$here/$1"
  export HSC__SERVER__HOST=$host HSC__SERVER__PORT=800$1 HSC__SERVER__OPERATIONS_LISTEN=$host:909$1
  export HSC__SERVER__TRUSTED_PROXIES=127.0.0.1 HSC__SERVER__PUBLIC_URL=https://$host REDIS_URL=redis://$host:6379
  export HSC__ADMIN__TOKEN=$token HSC__CONVERSATIONS__TOKEN_KEYS=$token HSC__ARCHIVE__PATH=$here/$1/hsc.sqlite
  export HSC__CATALOG__DIR=$root/catalogs/data HSC__ANSWERS__ENCODER__ENABLED=false HSC__SESSIONS__MAX=1000 HSC__LOG__FORMAT=json
  exec "$hsc" serve
}
for number in 1 2; do
  (serve "$number") > "$here/pod-$number.log" 2>&1 &
  pods[$number]=$!
  killed+=($!)
  disown
done
for number in 1 2; do
  eventually 60 "pod $number is ready" curl --silent --fail --max-time 5 --noproxy '*' "http://$host:909$number/ready"
done

# Of the examples nothing is changed but addresses, ports and paths; HAProxy takes as many connections as a small machine
# has descriptors for.
declare -A port=([nginx]=8443 [HAProxy]=8444) plain=([nginx]=8080 [HAProxy]=8081) visitor=([nginx]=127.0.0.43 [HAProxy]=127.0.0.44)
temporary=$(printf '%s_temp_path %s; ' client_body "$here/body" proxy "$here/proxy" fastcgi "$here/fastcgi" uwsgi "$here/uwsgi" scgi "$here/scgi")
sed -e "s#/etc/hsc/nginx-proxy.conf#$examples/nginx-proxy.conf#; s#/etc/hsc/#$here/#; s#/var/log/nginx/#$here/nginx-#" \
  -e "s#/run/nginx.pid#$here/nginx.pid#; s#^user .*#user $(id -un);#; s#^http {#http { $temporary#; s#127.0.0.1:800#$host:800#" \
  -e "s#listen 80;#listen $host:${plain[nginx]};#; s#listen 443 #listen $host:${port[nginx]} #" "$examples/nginx.conf" > "$here/nginx.conf"
sed -e "s#/etc/hsc/#$here/#; s#127.0.0.1:800#$host:800#; s#maxconn 20000#maxconn 2000#" \
  -e "s#bind :80\$#bind $host:${plain[HAProxy]}#; s#bind :443 #bind $host:${port[HAProxy]} #" "$examples/haproxy.cfg" > "$here/haproxy.cfg"
nginx -e "$here/nginx-error.log" -c "$here/nginx.conf" -g 'daemon off;' > "$here/nginx.log" 2>&1 &
stopped+=($!)
haproxy -db -f "$here/haproxy.cfg" > "$here/haproxy.log" 2>&1 &
stopped+=($!)

fetch() { curl --silent --max-time 10 --noproxy '*' --cacert "$here/ca.crt" "$@"; }
status() { fetch --output /dev/null --write-out '%{http_code}' "$@"; }
# smoke PROXY WHEN: every check of `hsc smoke` passes.
smoke() {
  timeout 120 "$client" smoke "https://$host:${port[$1]}" --ca-file "$here/ca.crt" > "$here/smoke" 2>&1 ||
    { cat "$here/smoke" >&2; fail "hsc smoke through $1, $2"; }
  echo "ok      $1: hsc smoke, $2"
}
# reached PROXY URL: one request more, and its log names both pods.
reached() {
  status "$2/ping"
  case $1 in
  nginx) grep -q "$host:8001" "$here/nginx-access.log" && grep -q "$host:8002" "$here/nginx-access.log" ;;
  HAProxy) grep -q ' one$' "$here/haproxy.log" && grep -q ' two$' "$here/haproxy.log" ;;
  esac
}

declare -A idling
for proxy in nginx HAProxy; do
  url=https://$host:${port[$proxy]}
  eventually 20 "$proxy passes a request on" fetch --fail "$url/ping"
  [ "$(status --cacert /dev/null "$url/ping")" = 000 ] || fail "$proxy: the certificate is not of the authority that was given"
  [ "$(status "http://$host:${plain[$proxy]}/")" = 301 ] || fail "$proxy: http is not sent to https"
  fetch --fail "$url/" | grep '<script' > /dev/null || fail "$proxy: / is not the visitor's page"
  [ "$(status "$url/health")" = 200 ] || fail "$proxy: no /health"
  echo "ok      $proxy: TLS, the page and /health"
  # Before there are sockets: the pod with fewer of them gets all requests.
  eventually 20 "$proxy uses both pods" reached "$proxy" "$url"
  if [ -n "$idle" ]; then
    # A socket on which nothing happens but the pings of the server.
    timeout 300 "$client" load idle --users 5 --duration "$idle" --url "wss://$host:${port[$proxy]}/ws" --ca-file "$here/ca.crt" \
      --quiet --fail-if 'dropped>0' --fail-if 'moved>0' --fail-if 'errors>0' --fail-if 'opened>5' > "$here/idle.$proxy" 2>&1 &
    idling[$proxy]=$!
  fi
  smoke "$proxy" "two pods"

  [ "$(status "$url/metrics")" = 404 ] || fail "$url/metrics is open"
  # 127.0.0.5 is a stranger to the policy of /admin; what a visitor claims changes nothing.
  for claim in "" "X-Forwarded-For: 127.0.0.1" "Forwarded: for=127.0.0.1"; do
    [ "$(status --interface 127.0.0.5 -H "$claim" "$url/admin/pods")" = 403 ] || fail "$url/admin is open to strangers"
  done
  [ "$(status -H "Authorization: Bearer $token" "$url/admin/pods")" = 200 ] || fail "$url/admin is closed to the office"
  # The server knows the visitor by the address that the proxy saw, not by the one that is claimed.
  status --interface "${visitor[$proxy]}" -H "X-Forwarded-For: 198.51.100.7" -H "Content-Type: application/json" -H "Origin: https://$host" \
    -d '{"address":"nobody@example.com","password":"wrong wrong wrong"}' "$url/api/sign-in" > /dev/null
  eventually 10 "the log of a pod names ${visitor[$proxy]}, who came through $proxy" \
    grep -q "\"client\":\"${visitor[$proxy]}\"" "$here/pod-1.log" "$here/pod-2.log"
  ! grep -q "198.51.100.7" "$here/pod-1.log" "$here/pod-2.log" || fail "$proxy: a visitor chose its own address"
  echo "ok      $proxy: /metrics and /admin are closed, the server knows the visitor's address"
done
for proxy in "${!idling[@]}"; do
  wait "${idling[$proxy]}" || fail "$proxy closed an idle socket: $(cat "$here/idle.$proxy")"
  echo "ok      $proxy: 5 sockets idle for $idle"
done

kill -9 "${pods[1]}"
for proxy in nginx HAProxy; do
  smoke "$proxy" "a pod was killed"
done
echo "nginx $(nginx -v 2>&1 | sed 's/.*nginx.//') and HAProxy $(haproxy -v | sed -n 's/.*version \([0-9.]*\).*/\1/p'): smoke test passes over TLS with two pods and when one was killed, /metrics and /admin are closed, a claimed address is not believed${idle:+, 5 sockets each idle for $idle and kept}"
