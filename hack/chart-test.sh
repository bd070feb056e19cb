#!/usr/bin/env bash
# Tests the chart: what it refuses, what it renders, and an installation in a
# real API server, in a namespace that enforces the strictest Pod Security
# Standard. One line `ok` or `not ok` a test.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
chart=$root/charts/yubikey-shipment-operator
full=$chart/ci/full-values.yaml
namespace=yubikey-shipments
account=system:serviceaccount:$namespace:courier
failed=0

work=$(mktemp -d)
cluster=
trap '[ -z "$cluster" ] || end_process "$cluster"; rm -rf "$work"' EXIT
trap 'exit 143' INT TERM

# run WHAT COMMAND...: a test; its output is shown if it fails. In the background,
# because where a failure is expected, as after `if`, a function's set -e is off.
run() {
  local what=$1
  shift
  (trap - EXIT; "$@") >"$work/output" 2>&1 &
  if wait $!; then
    say "ok $what"
  else
    sed 's/^/  | /' "$work/output"
    say "not ok $what"
    failed=1
  fi
}

# refuses VALUE NAMED: helm fails on it, and says which value it is.
refuses() {
  if helm template x "$chart" --set "$1" >"$work/rendered" 2>"$work/refusal"; then
    say "it renders with $1"
    return 1
  fi
  grep -qF -- "$2" "$work/refusal" || { cat "$work/refusal"; return 1; }
}

renders() { helm template x "$chart" --values "$full" "$@"; }

without_crds() {
  renders --set crds.install=false >"$work/rendered"
  ! grep -q CustomResourceDefinition "$work/rendered"
}

mounts_whole_secrets() {
  renders --show-only templates/deployment.yaml >"$work/rendered"
  grep -q 'mountPath: /etc/yubikey-shipment-operator/credentials/emea$' "$work/rendered"
  ! grep -v '^ *#' "$work/rendered" | grep -q 'subPath:'
}

start_cluster() {
  mkfifo "$work/stdin"
  exec 7<>"$work/stdin"
  "$bin/control-plane" serve --dir "$work/cluster" <"$work/stdin" >"$work/ready" 2>"$work/control-plane.log" 7>&- &
  cluster=$!
  while ! [ -s "$work/ready" ]; do
    kill -0 "$cluster" 2>/dev/null || { cat "$work/control-plane.log" >&2; fail "the control plane did not start"; }
    sleep 0.1
  done
  export KUBECONFIG=$work/cluster/admin.kubeconfig
  kubectl create namespace "$namespace" >/dev/null
  kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted >/dev/null
}

installs() {
  helm install yks "$chart" --namespace "$namespace" --values "$full" --set 'nodeSelector=null,tolerations=null' \
    --wait --timeout 60s
  kubectl --namespace "$namespace" wait --for=condition=Available --timeout=1s deployment courier
}

may() { kubectl auth can-i "$@" --as "$account" --quiet; }

may_not() { if may "$@"; then say "the operator may $*"; return 1; fi; }

may_do_its_work() {
  may watch yubikeyshipments.fidoprereg.dev
  may patch yubikeyshipments.fidoprereg.dev --subresource status
  may patch yubikeyconnections.fidoprereg.dev --subresource status
  may create events.events.k8s.io
  may list namespaces
  may watch yubikeydecisions.fidoprereg.dev
  may patch yubikeydecisions.fidoprereg.dev --subresource status
  may create leases.coordination.k8s.io --namespace "$namespace"
  may patch leases.coordination.k8s.io/courier --namespace "$namespace"
  may get customresourcedefinitions.apiextensions.k8s.io/yubikeyshipments.fidoprereg.dev
}

may_do_nothing_else() {
  may_not get secrets
  may_not list secrets --namespace "$namespace"
  may_not get pods --namespace "$namespace"
  may_not create yubikeyshipments.fidoprereg.dev
  may_not create yubikeydecisions.fidoprereg.dev
  may_not patch leases.coordination.k8s.io/another --namespace "$namespace"
  may_not create leases.coordination.k8s.io --namespace kube-system
  may_not delete yubikeyshipments.fidoprereg.dev
  may_not list customresourcedefinitions.apiextensions.k8s.io
  may_not patch customresourcedefinitions.apiextensions.k8s.io
  may_not patch namespaces
  may_not '*' '*'
}

upgrades() {
  helm upgrade yks "$chart" --reset-values --namespace "$namespace" --wait --timeout 60s
  kubectl --namespace "$namespace" wait --for=condition=Available --timeout=30s deployment yks-yubikey-shipment-operator
}

leaves_the_definitions() {
  helm uninstall yks --namespace "$namespace" --wait --timeout 60s
  kubectl get crd yubikeyshipments.fidoprereg.dev yubikeyconnections.fidoprereg.dev yubikeydecisions.fidoprereg.dev
}

takes_examples() {
  kubectl apply -f "$root/examples/namespace.yaml"
  kubectl apply --dry-run=server -f "$root/examples/connection.yaml" -f "$root/examples/shipments"
}

run "the definitions equal the Rust types, in crds/ and in the chart" "$root/hack/crds.sh" --check
run "lint, strictly" helm lint --strict "$chart"
run "lint, strictly, with every value set" helm lint --strict --values "$full" "$chart"
run "refuses a misspelt value" refuses 'replica=1' "replica"
run "refuses more replicas than can be of use" refuses 'replicas=6' "replicas"
run "refuses a connection without a Secret" refuses 'connections[0].name=default' "existingSecret"
run "refuses a connection name that is no directory" refuses 'connections[0].name=../x,connections[0].existingSecret=s' "name"
run "refuses an unknown log format" refuses 'log.format=xml' "format"
run "refuses to guess a ServiceAccount" refuses 'serviceAccount.create=false' "serviceAccount.name"
run "leaves the definitions to others" without_crds
run "mounts Secrets whole" mounts_whole_secrets
start_cluster
run "installs where Pod Security is restricted" installs
run "gives the operator its rights" may_do_its_work
run "gives the operator no other rights" may_do_nothing_else
run "upgrades, to defaults" upgrades
run "uninstalled, leaves the definitions" leaves_the_definitions
run "its definitions take the examples" takes_examples
exit "$failed"
