#!/bin/sh
# Prints monitoring/alerts as a PrometheusRule: docker/kubernetes/base/prometheus-rule.yaml, which kustomize cannot take
# from outside of its folder. `make test-static-deploy` compares both; after a change of the alerts:
#
#     docker/kubernetes/prometheus-rule.sh > docker/kubernetes/base/prometheus-rule.yaml
set -eu
cat <<'HEAD'
# Made by docker/kubernetes/prometheus-rule.sh from monitoring/alerts.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: hsc
spec:
  groups:
HEAD
for file in "$(dirname "$0")"/../../monitoring/alerts/*.yml; do
  sed -n '/^groups:/,$p' "$file" | sed -e 1d -e '/^#/d' -e 's/^./  &/'
done
