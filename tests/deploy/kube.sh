#!/usr/bin/env bash
# Runs the Deployment of docker/kubernetes with `podman kube play`, beside the running production file: deploy.sh calls
# it. It joins Redis and PostgreSQL of that file as a fourth pod. The last line says what was seen.
set -Eeuo pipefail
# shellcheck source=tests/deploy/machine.sh
. "$(dirname "$0")/machine.sh"
trap 'echo "kube: FAILED at line $LINENO: $BASH_COMMAND" >&2' ERR

kubectl kustomize "$root/docker/kubernetes/overlays/production" > "$work/rendered.yaml"
"$root/.make/deploy-tools/bin/python3" "$root/tests/deploy/kube.py" "$work/rendered.yaml" localhost/hsc-jit:next "$HSC_SECRETS" \
  > "$work/kube.yaml"
# `kube down` leaves volumes.
remove() {
  quietly podman kube down "$work/kube.yaml" || true
  podman volume rm --force hsc-shared hsc-secrets || true
}
trap 'remove >/dev/null 2>&1' EXIT
remove >/dev/null 2>&1
# Not into a pipe: the monitor of the container would hold it open.
quietly podman kube play --network hsc-production_edge --network hsc-production_data "$work/kube.yaml" > "$work/log/kube.play"
pod=$(sed -n '/^Container/,$p' "$work/log/kube.play" | grep -E '^[0-9a-f]{64}$')
trap 'podman logs --tail 5 "$pod"; remove >/dev/null 2>&1' EXIT
eventually 60 "the pod is ready" podman exec "$pod" hsc ping
trap 'remove >/dev/null 2>&1' EXIT
address=$(podman inspect --format '{{(index .NetworkSettings.Networks "hsc-production_edge").IPAddress}}' \
  "$(podman inspect --format '{{.Pod}}' "$pod" | xargs podman pod inspect --format '{{.InfraContainerID}}')")
"$client" smoke "http://$address:8000" --operations "http://$address:9090"
# What the Job hsc-migrate runs, with the settings and secrets of the cluster.
for command in check migrate; do
  podman exec "$pod" hsc "$command" > "$work/log/kube.$command" 2>&1 || fail "hsc $command: $(cat "$work/log/kube.$command")"
done

# What the kernel enforces.
memory=$(podman inspect --format '{{.HostConfig.Memory}}' "$pod")
cpu=$(podman inspect --format '{{.HostConfig.CpuQuota}} / {{.HostConfig.CpuPeriod}}' "$pod")
process=$(podman inspect --format '{{.State.Pid}}' "$pod")
group=$(sed -n 's/^[0-9]*:memory://p' "/proc/$process/cgroup")
enforced=$(cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes" 2>/dev/null || cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$process/cgroup")/memory.max")
[ "$memory" = 2147483648 ] && [ "$enforced" = "$memory" ] || fail "memory is limited to $memory, the kernel says $enforced"
user=$(awk '/^Uid:/ { print $2 }' "/proc/$process/status")
capabilities=$(awk '/^CapEff:/ { print $2 }' "/proc/$process/status")
[ "$user" = 10001 ] && [ "$capabilities" = 0000000000000000 ] || fail "runs as $user with $capabilities"
podman inspect --format '{{.HostConfig.ReadonlyRootfs}}' "$pod" | grep -qx true || fail "its root is writable"
pods=$(admin /admin/pods | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["pods"]))')
[ "$pods" = 4 ] || fail "$pods pods, not 4"
echo "joins the three pods; smoke test, hsc check and hsc migrate pass; limits enforced: memory $enforced bytes, CPU $cpu; user 10001, no capability, read-only root"
