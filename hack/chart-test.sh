#!/usr/bin/env bash
# Tests the charts: what they refuse, what they render with each set of values in
# ci/, what the API server thinks of it, and installations in a real API server, in
# a namespace that enforces the strictest Pod Security Standard. One line `ok` or
# `not ok` a test.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/charts.sh"
. "$root/hack/lib/tests.sh"
namespace=yubikey-shipments
definitions=(yubikeyshipments yubikeyconnections yubikeydecisions yubikeyrollouts)
definitions=("${definitions[@]/%/.fidoprereg.dev}")

work=$(mktemp -d)
cluster=
trap '[ -z "$cluster" ] || end_process "$cluster"; rm -rf "$work"' EXIT
trap 'exit 143' INT TERM

# fails SENTENCE COMMAND...: the command fails, and says so in these words. One
# command, not a function of several: as after any `if`, its set -e would be off.
fails() {
  local sentence=$1
  shift
  if "$@" >"$work/answer" 2>&1; then
    say "it succeeds: $*"
    return 1
  fi
  grep -qF -- "$sentence" "$work/answer" || { say "not said: $sentence"; cat "$work/answer"; return 1; }
}

# --- rendered, without a cluster ---

template() { helm template yks "$chart" --namespace "$namespace" "$@"; }

# refuses SENTENCE VALUES: VALUES are lines of a values.yaml.
refuses() {
  printf '%s\n' "$2" >"$work/refused.yaml"
  fails "$1" template --values "$work/refused.yaml"
}

lints() { helm lint --strict --values "$chart/ci/$1-values.yaml" "$chart"; }

# The same objects in the same order; the two differ in blank lines between them.
same_in_helm_3() {
  render helm3 "$1" | grep -v '^$' >"$work/helm3.yaml"
  grep -v '^$' "$rendered/$1.yaml" | diff - "$work/helm3.yaml"
}

counts() { [ "$(grep -c "^kind: $2\$" "$rendered/$1.yaml" || true)" = "$3" ] || { say "$1: not $3 of $2"; return 1; }; }

makes_what_the_values_say() {
  counts minimal CustomResourceDefinition 4
  counts credentials CustomResourceDefinition 0
  counts credentials ValidatingAdmissionPolicy 0
  counts credentials YubiKeyConnection 0
  counts connection YubiKeyConnection 1
  counts sandbox YubiKeyConnection 1
  counts minimal PodDisruptionBudget 0
  counts ha PodDisruptionBudget 1
  counts minimal NetworkPolicy 0
  counts proxy NetworkPolicy 1
  counts everything ServiceMonitor 1
  counts everything PrometheusRule 1
  counts minimal Role 1
  counts namespaced Role 4
  counts everything Role 2
  counts minimal Deployment 1
  counts dashboard Deployment 2
  counts dashboard ServiceAccount 2
  counts dashboard NetworkPolicy 2
}

mounts_whole_secrets() {
  grep -q 'mountPath: /etc/yubikey-shipment-operator/credentials/emea$' "$rendered/everything.yaml"
  [ "$(grep -v '^ *#' "$rendered/everything.yaml" | grep -c 'subPath:')" = 0 ]
}

# Each of the thresholds stands where its alert compares, and nowhere else.
has_thresholds_of_the_values() {
  local threshold
  for threshold in '< 45 \* 86400$' '>= 14 \* 86400$' '< 14 \* 86400$' '> 1 \* 86400$' '> 21 \* 86400$' \
    '> 60 \* 86400$' \
    ') > 0.1$' ') > 0.3$' '_sum\[30m\])) > 2$'; do
    [ "$(grep -c -- "$threshold" "$rendered/everything.yaml")" = 1 ] || { say "not once: $threshold"; return 1; }
  done
  lacks '[<>=] \(30\|7\|3\) \* 86400' <"$rendered/everything.yaml"
}

# has PATTERN: what is read, to its end, has such a line.
has() { grep -- "$1" >"$work/found" || { say "there is no: $1"; return 1; }; }

# lacks PATTERN: what is read has no such line.
lacks() {
  if grep -- "$1" >"$work/found"; then say "there is: $(head -1 "$work/found")"; return 1; fi
}

# pod SET: what the Deployment says, without what follows it.
pod() { sed -n '/^kind: Deployment/,/^---/p' "$rendered/$1.yaml"; }

leaves_to_the_platform_what_is_null() {
  pod minimal | has '^        fsGroup: 65532$'
  pod minimal | has 'runAsUser: 65532'
  pod openshift | lacks 'fsGroup\|runAsUser\|runAsGroup'
  pod openshift | has 'runAsNonRoot: true'
  pod openshift | has 'readOnlyRootFilesystem: true'
  pod unset | lacks 'securityContext'
  pod credentials | has 'defaultMode: 0440'
  pod openshift | has 'defaultMode: 0444'
}

# As an umbrella chart with its own keys merges them. A null in its values.yaml has no effect in some versions of Helm, a
# null of a later file has.
renders_under_an_umbrella_chart() {
  local at=$work/umbrella
  mkdir -p "$at/charts"
  cp -R "$chart" "$at/charts/"
  cat >"$at/Chart.yaml" <<'END'
apiVersion: v2
name: umbrella
version: 1.0.0
dependencies:
  - {name: yubikey-shipment-operator, version: 0.x.x, condition: yubikey-shipment-operator.enabled, tags: [operators]}
END
  cat >"$at/values.yaml" <<'END'
global: {imageRegistry: mirror.example.com, team: platform}
tags: {operators: true}
yubikey-shipment-operator:
  enabled: true
  tags: {x: true}
  x-anchors: {a: 1}
  podSecurityContext: {runAsUser: "", runAsGroup: "", fsGroup: ""}
END
  helm template up "$at" --namespace "$namespace" >"$work/umbrella.yaml"
  grep -q 'image: "\?mirror.example.com/yubikey-shipment-operator:' "$work/umbrella.yaml"
  lacks 'runAsUser' <"$work/umbrella.yaml"
  helm3 template up "$at" --namespace "$namespace" >"$work/umbrella3.yaml"
  lacks 'runAsUser' <"$work/umbrella3.yaml"
  echo 'yubikey-shipment-operator: {securityContext: null, podSecurityContext: {runAsNonRoot: null}}' >"$work/later.yaml"
  helm template up "$at" --values "$work/later.yaml" | lacks 'runAsNonRoot\|readOnlyRootFilesystem'
  [ -z "$(helm template up "$at" --set yubikey-shipment-operator.enabled=false | grep kind: || true)" ]
}

names_the_registry_of_the_values() {
  pod external | has 'image: mirror.example.com:5000/team/yubikey-shipment-operator:'
  pod sandbox-everything | has 'image: mirror.example.com/yubikey-shipment-sandbox@sha256:'
  pod minimal | has 'image: yubikey-shipment-operator:'
}

# Without a cluster to ask, as Argo CD and Kustomize render it.
makes_connections_no_hooks() {
  lacks 'helm.sh/hook: post' <"$rendered/connection.yaml"
  lacks 'helm.sh/hook: post' <"$rendered/sandbox.yaml"
  # Argo CD names what the cluster serves, and asks for nothing.
  template --values "$chart/ci/connection-values.yaml" --api-versions apiregistration.k8s.io/v1/APIService | lacks 'helm.sh/hook: post'
}

# The alerts and the board are tested elsewhere, as files: here nothing of them is
# evaluated, only moved to the right.
embeds_files_unchanged() {
  only() { template --set "metrics.$1.enabled=true" --show-only templates/monitoring.yaml; }
  only prometheusRule | sed '1,/^spec:/d' | grep -v '^  # Byte for byte' | sed 's/^  //; s/ *$//' >"$work/embedded"
  sed 's/ *$//' "$chart/files/alerts.yaml" | diff -B - "$work/embedded"
  only dashboard | sed '1,/|-$/d; s/^    //; s/ *$//' >"$work/embedded"
  sed 's/ *$//' "$chart/files/dashboard.json" | diff -B - "$work/embedded"
}

# egress SET: the ports to which the NetworkPolicy lets the operator go.
egress() { sed -n "/templates.networkpolicy.yaml/,/^---/p" "$rendered/$1.yaml" | sed '1,/^  egress:/d' | grep -o 'port: [0-9]*' | sort -u | xargs; }

opens_only_what_is_listed() {
  [ "$(egress ha)" = "port: 443 port: 53 port: 6443" ]
  [ "$(egress everything)" = "port: 3128 port: 53 port: 5353 port: 6443 port: 8443 port: 9480" ]
  [ "$(egress openshift)" = "port: 443 port: 53 port: 5353 port: 6443" ]
  [ "$(egress proxy)" = "port: 443 port: 53 port: 6443 port: 8080 port: 8443" ]
  [ "$(egress sandbox)" = "port: 443 port: 53 port: 6443" ]
}

# The page has an account that is bound to nothing, mounts no token, and is met by no selector of the operator.
gives_the_page_no_right() {
  local page=$work/page.yaml
  template --values "$chart/ci/dashboard-values.yaml" --show-only templates/dashboard.yaml |
    grep -v '^ *#' >"$page"
  [ "$(grep -c 'automountServiceAccountToken: false' "$page")" = 2 ]
  lacks 'Role\|secret\|Secret\|serviceAccountToken:' <"$page"
  has 'serviceAccountName: yks-yubikey-shipment-operator-dashboard$' <"$page"
  template --values "$chart/ci/dashboard-values.yaml" --show-only templates/rbac.yaml | lacks 'dashboard'
  has 'app.kubernetes.io/name: yubikey-shipment-operator-dashboard$' <"$page"
  lacks 'app.kubernetes.io/name: yubikey-shipment-operator$' <"$page"
  has '^            - --origin=https://yubikeys.example.com$' <"$page"
  has 'image: mirror.example.com/yubikey-dashboard:' <"$page"
  lacks 'port: 443$' <<<"$(sed '/^  egress:/,$d' "$page")"
  # Nobody may come in unless somebody is named.
  template --set 'dashboard.enabled=true,networkPolicy.enabled=true,dashboard.origins={https://a.example}' \
    --show-only templates/dashboard.yaml | has '^  ingress: \[\]$'
}

refuses_a_page_without_an_address() {
  refuses "dashboard.origins is empty" 'dashboard: {enabled: true}'
  local origin
  for origin in yubikeys.example.com https://yubikeys.example.com/ https://a.example/path ftp://a.example 'https://a b' '*'; do
    refuses "give scheme and host" "dashboard: {enabled: true, origins: ['$origin']}"
  done
  refuses "dashboard.namespace is" "dashboard: {enabled: true, origins: [https://a.example], namespace: Team_A}"
}

takes_versions() {
  fails "requires kubeVersion: >=1.32.0-0 which is incompatible with Kubernetes v1.31.9" template --kube-version 1.31.9
  fails "requires kubeVersion" helm template x "$crds_chart" --kube-version 1.31.9
  # As some providers name them.
  template --kube-version v1.32.0-gke.100
}

packages_whole() {
  helm package "$chart" --destination "$work/package"
  helm template yubikey-shipment-operator "$work"/package/*.tgz --namespace yubikey-shipments >"$work/packaged.yaml"
  diff "$rendered/minimal.yaml" "$work/packaged.yaml"
}

next_commands() {
  helm install yks "$chart" --dry-run=client --namespace "$namespace" --values "$chart/ci/$1-values.yaml" >"$work/notes"
  sed "1,/^NOTES/d" "$work/notes" >"$work/next"
  grep -qF -- "$2" "$work/next"
}

# --- the API server ---

start_cluster() {
  mkfifo "$work/stdin"
  exec 7<>"$work/stdin"
  "${CONTROL_PLANE_BIN:-$bin/control-plane}" serve --dir "$work/cluster" <"$work/stdin" >"$work/ready" 2>"$work/control-plane.log" 7>&- &
  cluster=$!
  while ! [ -s "$work/ready" ]; do
    kill -0 "$cluster" 2>/dev/null || { cat "$work/control-plane.log" >&2; fail "the control plane did not start"; }
    sleep 0.1
  done
  export KUBECONFIG=$work/cluster/admin.kubeconfig
  kubectl create namespace "$namespace" >/dev/null
  kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted >/dev/null
  kubectl create -f - <<<'{"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "gvisor"}, "handler": "runsc"}' >/dev/null
  local other
  for other in onboarding contractors; do kubectl create namespace "$other" >/dev/null; done
}

# until_true COMMAND...: for what controllers do in their own time.
until_true() {
  local patience=300
  until "$@" >/dev/null 2>&1; do
    [ "$patience" -gt 0 ] || { "$@" || true; say "still not after 30 s: $*"; return 1; }
    patience=$((patience - 1))
    sleep 0.1
  done
}

# No operator runs here, so no connection becomes ready: Helm, which would wait for
# that too, is not told to wait; the Deployment is waited for.
installs() {
  helm install yks "$chart" --namespace "$namespace" "$@" >"$work/helm"
  available
}

upgrades() {
  helm upgrade yks "$chart" --reset-values --namespace "$namespace" "$@" >"$work/helm"
  available
}

available() {
  kubectl --namespace "$namespace" rollout status --timeout=60s deployment -l app.kubernetes.io/instance=yks
}

# Leaves a cluster that has never seen the kinds.
forget_the_kinds() {
  kubectl delete yubikeyconnections --all
  kubectl delete crd "${definitions[@]}" --wait=false
  until_true are_forgotten
}

# The API server that finds a definition's storage just being set up tries to end
# it again after minutes; a change makes it look at once.
are_forgotten() {
  kubectl annotate crd "${definitions[@]}" --overwrite "example.com/look=$RANDOM" 2>/dev/null || true
  [ -z "$(kubectl get crd "${definitions[@]}" --ignore-not-found -o name)" ]
}

names_a_wrong_field_of_a_connection() {
  sed 's/countries/contries/' "$chart/ci/connection-values.yaml" >"$work/wrong.yaml"
  fails ".spec.yubico.contries: field not declared in schema" \
    helm install yks "$chart" --namespace "$namespace" --values "$work/wrong.yaml"
  upgrades "$(values connection)"
  uninstalls
  forget_the_kinds
}

works_with_helm_3() {
  helm3 install yks "$chart" --namespace "$namespace" "$(values connection)" >"$work/helm"
  kubectl get yubikeyconnection default
  helm3 upgrade yks "$chart" --namespace "$namespace" "$(values connection)" >"$work/helm"
  in_release '^kind: YubiKeyConnection$'
  available
  helm3 uninstall yks --namespace "$namespace"
  forget_the_kinds
}

# Or that no pod was refused would show nothing.
refuses_other_pods() { fails "violates PodSecurity" kubectl run other --image example.com/other --namespace "$namespace"; }

uninstalls() { helm uninstall yks --namespace "$namespace" --wait --timeout 60s; }

values() { printf '%s' "--values=$chart/ci/$1-values.yaml"; }

uid() { kubectl get "$@" -o jsonpath='{.metadata.uid}'; }

# in_release TEXT, not_in_release TEXT: whether the release's manifest has it.
in_release() {
  helm get manifest yks --namespace "$namespace" >"$work/manifest"
  grep -q -- "$1" "$work/manifest" || { say "not in the release: $1"; return 1; }
}

not_in_release() {
  helm get manifest yks --namespace "$namespace" >"$work/manifest"
  if grep -q -- "$1" "$work/manifest"; then say "in the release: $1"; return 1; fi
}

# The kind is not known when Helm begins, so the connection is made by a hook.
makes_the_connection_at_first() {
  installs "$(values connection)"
  kubectl get yubikeyconnection default -o jsonpath='{.metadata.annotations}' >"$work/annotations"
  grep -q post-install "$work/annotations"
}

# Now it is, and becomes an object of the release, the same one.
takes_the_connection_over() {
  local before
  before=$(uid yubikeyconnection default)
  upgrades "$(values connection)"
  [ "$(uid yubikeyconnection default)" = "$before" ]
  in_release '^kind: YubiKeyConnection$'
}

keeps() {
  local crd
  for crd in "${definitions[@]}"; do [ "$(uid crd "$crd")" = "$(cat "$work/$crd")" ]; done
  kubectl get yubikeyshipment ann-lee --namespace onboarding
  kubectl get yubikeyconnection default
}

keeps_definitions_when_they_are_switched_off() {
  local crd
  kubectl apply -f "$root/examples/shipments/ann-lee.yaml"
  for crd in "${definitions[@]}"; do uid crd "$crd" >"$work/$crd"; done
  upgrades "$(values connection)" --set crds.install=false
  not_in_release '^kind: CustomResourceDefinition$'
  keeps
}

keeps_definitions_when_uninstalled() {
  upgrades "$(values connection)"
  uninstalls
  keeps
}

takes_up_what_is_there() {
  installs "$(values connection)"
  keeps
}

# A chart as they were before: one, with the definitions among its own templates.
upgrades_from_one_chart() {
  local old=$work/old/yubikey-shipment-operator
  uninstalls
  mkdir -p "$work/old"
  cp -R "$chart" "$old"
  rm -rf "$old/charts"
  sed -i.orig '/^dependencies:/,$d' "$old/Chart.yaml"
  cp -R "$crds_chart/files/crds" "$old/files/crds"
  { echo '{{- if .Values.crds.install }}'; cat "$crds_chart/templates/crds.yaml"; echo '{{- end }}'; } >"$old/templates/crds.yaml"
  helm install yks "$old" --namespace "$namespace" "$(values connection)"
  in_release 'yubikey-shipment-operator/templates/crds.yaml'
  upgrades "$(values connection)"
  in_release 'charts/yubikey-shipment-operator-crds/templates/crds.yaml'
  keeps
}

moves_definitions_to_their_own_release() {
  upgrades "$(values connection)" --set crds.install=false
  fails "cannot be imported" helm install yubikey-crds "$crds_chart" --namespace "$namespace"
  helm uninstall yubikey-crds --namespace "$namespace" --ignore-not-found
  helm install yubikey-crds "$crds_chart" --namespace "$namespace" --take-ownership
  helm uninstall yubikey-crds --namespace "$namespace"
  keeps
  upgrades "$(values connection)" --take-ownership
  keeps
}

# What the API server would store, every field known. Kinds of the Prometheus
# operator are not served here, see strictly_monitoring.
strictly() {
  without_group monitoring.coreos.com <"$rendered/$1.yaml" >"$work/strict.yaml"
  kubectl apply --server-side --force-conflicts --field-manager=dry-run --dry-run=server --validate=strict \
    -f "$work/strict.yaml" >"$work/answers"
  [ "$(grep -c 'serverside-applied (server dry run)$' "$work/answers")" = "$(grep -c '^kind: ' "$work/strict.yaml")" ]
}

# Those kinds, into the types that the Prometheus operator publishes.
strictly_monitoring() {
  "$bin/judge" strict -skip-unknown "$rendered/everything.yaml" >"$work/answers"
  grep -q '^ok .* ServiceMonitor ' "$work/answers"
  grep -q '^ok .* PrometheusRule ' "$work/answers"
  sed 's/^      interval: .*/&\n      intervall: 1s/' "$rendered/everything.yaml" >"$work/strict.yaml"
  fails "intervall" "$bin/judge" strict -skip-unknown "$work/strict.yaml"
}

# grants_nothing_twice SET [ARGUMENT...]: a right that stands twice outlives the condition around one of the two.
grants_nothing_twice() {
  local set=$1
  shift
  render helm "$set" "$@" | only_roles | kubectl create --dry-run=client --output json -f - >"$work/roles.json"
  python3 "$root/hack/rules-once.py" "$work/roles.json"
}

# only_roles: a stream of documents without what is no role.
only_roles() {
  awk '
    function flush() { if (role) printf "---\n%s", document; document = ""; role = 0 }
    /^---/ { flush(); next }
    /^kind: (Cluster)?Role$/ { role = 1 }
    { document = document $0 "\n" }
    END { flush() }'
}

notices_a_right_that_stands_twice() {
  printf '%s' '{"kind": "Role", "metadata": {"name": "x"}, "rules": [
    {"apiGroups": ["g"], "resources": ["a", "b"], "verbs": ["get", "list"]},
    {"apiGroups": ["g"], "resources": ["b"], "verbs": ["list"]}]}' >"$work/twice.json"
  fails "list g/b  is given 2 times" python3 "$root/hack/rules-once.py" "$work/twice.json"
}

# Or the tests before would show nothing.
notices_an_unknown_field() {
  sed 's/^  replicas: .*/&\n  replcas: 2/' "$rendered/minimal.yaml" >"$work/strict.yaml"
  fails "replcas" kubectl apply --server-side --dry-run=server --validate=strict -f "$work/strict.yaml"
}

# What this cluster has no use for, or no kind for, left out.
upgrades_everything() {
  upgrades "$(values everything)" "$@" \
    --set 'nodeSelector=null,tolerations=null,metrics.serviceMonitor.enabled=false,metrics.prometheusRule.enabled=false'
}

installs_everything() {
  upgrades_everything
  kubectl --namespace "$namespace" get poddisruptionbudget,networkpolicy,service courier
  kubectl --namespace onboarding get configmap courier-dashboard
}

may() { kubectl auth can-i "$@" --as "$account" --quiet || { say "$account may not $*"; return 1; }; }

may_not() { if kubectl auth can-i "$@" --as "$account" --quiet; then say "$account may $*"; return 1; fi; }

operator=system:serviceaccount:$namespace:courier

may_do_its_work() {
  account=$operator
  may watch yubikeyshipments.fidoprereg.dev
  may patch yubikeyshipments.fidoprereg.dev
  may patch yubikeyshipments.fidoprereg.dev --subresource status
  may patch yubikeyconnections.fidoprereg.dev --subresource status
  may create events.events.k8s.io
  may list namespaces
  may get namespaces/kube-system
  may watch yubikeydecisions.fidoprereg.dev
  may patch yubikeydecisions.fidoprereg.dev --subresource status
  may watch yubikeyrollouts.fidoprereg.dev
  may patch yubikeyrollouts.fidoprereg.dev --subresource status
  may get configmaps --namespace onboarding
  may watch configmaps --namespace onboarding
  may create leases.coordination.k8s.io --namespace "$namespace"
  may patch leases.coordination.k8s.io/courier --namespace "$namespace"
  may get customresourcedefinitions.apiextensions.k8s.io/yubikeyshipments.fidoprereg.dev
}

# The set switches it off; on, it is what the admission policy then narrows.
orders_for_rollouts_where_that_is_switched_on() {
  account=$operator
  may_not create yubikeyshipments.fidoprereg.dev
  may_not delete yubikeyshipments.fidoprereg.dev
  may_not create yubikeyshipments.fidoprereg.dev --namespace onboarding
  may_not delete yubikeyshipments.fidoprereg.dev --namespace onboarding
  fails "cannot create resource" shipment '{fidoprereg.dev/rollout: x}' 'suspend: true' --as "$operator"
  fails "cannot delete resource" cancel_shipment --as "$operator"
  upgrades_everything --set rollouts.ordering=true
  until_true may create yubikeyshipments.fidoprereg.dev
  may delete yubikeyshipments.fidoprereg.dev
}

may_do_nothing_else() {
  account=$operator
  may_not get secrets
  may_not list secrets --namespace "$namespace"
  may_not get namespaces/onboarding
  may_not get yubikeydecisions.fidoprereg.dev
  may_not get pods --namespace "$namespace"
  may_not create yubikeyrollouts.fidoprereg.dev
  may_not delete yubikeyrollouts.fidoprereg.dev
  may_not deletecollection yubikeyshipments.fidoprereg.dev
  may_not get configmaps
  may_not list configmaps --namespace onboarding
  may_not create yubikeydecisions.fidoprereg.dev
  may_not patch leases.coordination.k8s.io/another --namespace "$namespace"
  may_not create leases.coordination.k8s.io --namespace kube-system
  may_not list customresourcedefinitions.apiextensions.k8s.io
  may_not patch customresourcedefinitions.apiextensions.k8s.io
  may_not patch namespaces
  may_not '*' '*'
}

# patch KIND MERGE-PATCH: as the operator.
patch_shipment() { kubectl patch yubikeyshipment ann-lee --namespace onboarding --as "$operator" --type merge -p "$@"; }
patch_connection() { kubectl patch yubikeyconnection default --as "$operator" --type merge -p "$@"; }

changes_nothing_people_wrote() {
  local patch
  # A policy counts a moment after it is made.
  until_true fails "must not change a spec" patch_shipment '{"spec": {"suspend": true}}' --dry-run=server
  for patch in patch_shipment patch_connection; do
    fails "must not change labels" "$patch" '{"metadata": {"labels": {"example.com/x": "y"}}}'
    fails "must not change annotations" "$patch" '{"metadata": {"annotations": {"fidoprereg.dev/requestedAt": "now"}}}'
    fails "must not change owners" "$patch" \
      '{"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Namespace", "name": "x", "uid": "x"}]}}'
  done
  fails "must not change a spec" patch_connection '{"spec": {"okta": {"orgUrl": "https://other.example.com"}}}'
}

# Its writes of status under the same policy are in every test of the operator.
writes_what_it_must() {
  patch_shipment '{"metadata": {"finalizers": ["fidoprereg.dev/vendors"]}}'
  patch_shipment '{"metadata": {"finalizers": null}}'
  patch_connection '{"metadata": {"finalizers": ["fidoprereg.dev/orders"]}}'
  patch_connection '{"metadata": {"finalizers": null}}'
  # The same change by somebody else.
  kubectl patch yubikeyshipment ann-lee --namespace onboarding --type merge -p '{"spec": {"suspend": true}}'
}

# shipment LABELS SPEC KUBECTL-OPTIONS...: a shipment for Bob, not stored.
shipment() {
  kubectl create --namespace onboarding --dry-run=server "${@:3}" -f - <<END
apiVersion: fidoprereg.dev/v1alpha1
kind: YubiKeyShipment
metadata: {name: bob-ray, labels: $1}
spec: {userRef: {id: 00u1}, key: {model: yubikey-5c-nfc}, $2}
END
}

cancel_shipment() { kubectl delete yubikeyshipment ann-lee --namespace onboarding --dry-run=server "$@"; }

makes_and_cancels_for_rollouts_only() {
  local ours='{fidoprereg.dev/rollout: x}'
  until_true fails "of rollouts only" shipment '{}' 'suspend: true' --as "$operator"
  fails "must not say where a key goes" shipment "$ours" 'recipient: {company: Elsewhere}' --as "$operator"
  fails "must not say where a key goes" shipment "$ours" \
    'address: {line1: 1 Elm, city: Bonn, postalCode: "53111", countryCode: DE}' --as "$operator"
  shipment "$ours" 'suspend: true' --as "$operator"
  shipment '{}' 'recipient: {company: Elsewhere}'
  fails "of rollouts only" cancel_shipment --as "$operator"
  kubectl label yubikeyshipment ann-lee --namespace onboarding fidoprereg.dev/rollout=x
  cancel_shipment --as "$operator"
  kubectl label yubikeyshipment ann-lee --namespace onboarding fidoprereg.dev/rollout-
  cancel_shipment
}

decision() {
  kubectl create --namespace onboarding --dry-run=server "${@:2}" -f - <<END
apiVersion: fidoprereg.dev/v1alpha1
kind: YubiKeyDecision
metadata: {name: answer}
spec:
  shipmentRef: {name: ann-lee}
  holdID: order-1-k7f3ab
  action: ConfirmCancelled
  requestedBy: $1
END
}

people_have_roles() {
  kubectl create rolebinding jane --namespace onboarding --clusterrole edit --user jane
  kubectl create rolebinding dan --namespace onboarding --clusterrole "$namespace:courier:decide" --user dan
  kubectl create rolebinding rita --namespace onboarding --clusterrole "$namespace:courier:rollout" --user rita
  kubectl create rolebinding vera --namespace onboarding --clusterrole view --user vera
  upgrades_everything --set aggregatedRoles.decideWithEdit=false,aggregatedRoles.rolloutsWithEdit=false
  account=jane
  until_true may create yubikeyshipments.fidoprereg.dev --namespace onboarding
  until_true may get yubikeyshipments.fidoprereg.dev --namespace onboarding
  until_true may_not create yubikeyrollouts.fidoprereg.dev --namespace onboarding
  until_true may_not create yubikeydecisions.fidoprereg.dev --namespace onboarding
  may_not patch yubikeyshipments.fidoprereg.dev --subresource status --namespace onboarding
  may_not deletecollection yubikeyshipments.fidoprereg.dev --namespace onboarding
  account=vera
  until_true may get yubikeydecisions.fidoprereg.dev --namespace onboarding
  may get yubikeyrollouts.fidoprereg.dev --namespace onboarding
  may_not create yubikeyshipments.fidoprereg.dev --namespace onboarding
  account=rita
  may create yubikeyrollouts.fidoprereg.dev --namespace onboarding
  may get yubikeyshipments.fidoprereg.dev --namespace onboarding
  may_not create yubikeyshipments.fidoprereg.dev --namespace onboarding
  may_not patch yubikeyrollouts.fidoprereg.dev --subresource status --namespace onboarding
  account=dan
  may create yubikeydecisions.fidoprereg.dev --namespace onboarding
  may_not create yubikeyshipments.fidoprereg.dev --namespace onboarding
}

decides_in_their_own_name() {
  decision dan --as dan
  fails "spec.requestedBy must be your own user name in this cluster, dan" decision jane --as dan
  fails "forbidden" decision jane --as jane
}

works_in_listed_namespaces() {
  upgrades "$(values namespaced)" --set fullnameOverride=courier
  account=$operator
  local listed
  for listed in onboarding contractors; do
    may watch yubikeyshipments.fidoprereg.dev --namespace "$listed"
    may patch yubikeyshipments.fidoprereg.dev --subresource status --namespace "$listed"
    may watch yubikeydecisions.fidoprereg.dev --namespace "$listed"
    may create events.events.k8s.io --namespace "$listed"
    may get "namespaces/$listed"
  done
  may watch yubikeyconnections.fidoprereg.dev
  may get namespaces/kube-system
  may create events.events.k8s.io --namespace default
  may patch leases.coordination.k8s.io/courier --namespace "$namespace"
  may_not watch yubikeyshipments.fidoprereg.dev --namespace default
  may_not list yubikeyshipments.fidoprereg.dev --all-namespaces
  may_not create events.events.k8s.io --namespace kube-system
  may_not list namespaces
  may_not get namespaces/default
  may_not get secrets --namespace onboarding
}

# The pod with the sidecar gets past Pod Security, and its connection is served.
installs_the_sandbox() {
  uninstalls
  installs "$(values sandbox)"
  kubectl get yubikeyconnection sandbox
  [ "$(kubectl get pods --namespace "$namespace" -l app.kubernetes.io/instance=yks \
    -o jsonpath='{.items[*].spec.initContainers[*].restartPolicy}')" = Always ]
  uninstalls
}

takes_examples() {
  kubectl apply -f "$root/examples/namespace.yaml"
  kubectl apply --dry-run=server --validate=strict -f "$root/examples/connection.yaml" -f "$root/examples/shipments" \
    -f "$root/examples/rollouts"
}

# Whole manifests on the pages for those who order.
takes_manifests_of_pages() {
  kubectl create namespace helpdesk
  awk '/^```yaml/ { block = ""; inside = 1; next }
       /^```/ { if (inside && block ~ /^apiVersion:/) printf "%s---\n", block; inside = 0 }
       inside { block = block $0 "\n" }' "$root"/docs/ordering/*.md "$root/docs/migrating.md" >"$work/pages.yaml"
  [ "$(grep -c '^kind: YubiKeyRollout$' "$work/pages.yaml")" -ge 4 ]
  kubectl create --dry-run=server --validate=strict -f "$work/pages.yaml"
}

# --- all of them ---

run "the definitions equal the Rust types, in crds/ and in both charts" "$root/hack/crds.sh" --check
run "the table of values equals their comments, and the schema knows the same values" python3 "$root/hack/chart-readme.py" --check
"$root/tools/build.sh"
run "the set of every value turns every value" python3 "$root/hack/chart-turned.py"
run "renders every set of values" render_sets
run "kinds of the Prometheus operator, strictly, by its own types" strictly_monitoring
run "lint of the definitions' chart, strictly" helm lint --strict "$crds_chart"
for set in $(value_sets); do
  run "lint, strictly: $set" lints "$set"
  run "Helm 3 renders the same: $set" same_in_helm_3 "$set"
done
run "makes what the values say, no more" makes_what_the_values_say
run "mounts Secrets whole" mounts_whole_secrets
run "embeds alerts and dashboard unchanged" embeds_files_unchanged
run "a NetworkPolicy opens what is listed, the proxy's port with it" opens_only_what_is_listed
run "thresholds of the values stand in the alerts" has_thresholds_of_the_values
run "leaves to the platform what a value leaves unset, and lets its user read the credentials" leaves_to_the_platform_what_is_null
run "renders under an umbrella chart, whose keys it takes" renders_under_an_umbrella_chart
run "names images at the registry of the values" names_the_registry_of_the_values
run "without a cluster to ask, connections are ordinary objects" makes_connections_no_hooks
run "the page has no right, no token and no selector of the operator" gives_the_page_no_right
run "a page without an address that people open is refused" refuses_a_page_without_an_address
run "takes Kubernetes 1.32 and newer" takes_versions
run "packaged, renders the same" packages_whole
run "notes: without credentials, how to make them" next_commands minimal "create secret generic okta-yubico"
run "notes: without a spec, to apply a connection" next_commands credentials "kubectl apply -f connection.yaml"
run "notes: with a spec, to declare a shipment where it may be" next_commands connection "kubectl apply --namespace onboarding"
run "notes: with the sandbox, a shipment of its world" next_commands sandbox "connectionRef: {name: sandbox}"

run "refuses a misspelt value" refuses "additional properties 'replica' not allowed" 'replica: 1'
run "refuses a misspelt value deep inside" refuses "at '/resources/limits': additional properties 'memroy' not allowed" 'resources: {limits: {memroy: 1Gi}}'
run "refuses more replicas than can be of use" refuses "at '/replicas': maximum: got 6, want 5" 'replicas: 6'
run "refuses a number in words" refuses "at '/leaseSeconds': got string, want integer" 'leaseSeconds: 15s'
run "refuses a port of root's" refuses "at '/port': minimum: got 80, want 1,024" 'port: 80'
run "refuses an unknown log format" refuses "at '/log/format': value must be one of 'text', 'json'" 'log: {format: xml}'
run "refuses a connection without a Secret" refuses "connections[0] has no existingSecret" 'connections: [{name: default}]'
run "refuses a Secret beside files that come by other means" refuses "keep one of them" \
  'connections: [{name: a, existingSecret: s, externalCredentials: true}]'
run "refuses to be switched off by itself" refuses 'condition: yubikey-shipment-operator.enabled' 'enabled: false'
run "refuses to switch the definitions off without effect" refuses "set crds.install to false" \
  'yubikey-shipment-operator-crds: {enabled: false}'
run "refuses an argument that a value sets" refuses "extraArgs sets --listen, which comes from port" 'extraArgs: ["--listen=0.0.0.0:1"]'
run "refuses a volume with a name of its own" refuses 'extraVolumes has "config"' 'extraVolumes: [{name: config, emptyDir: {}}]'
run "refuses a mount of no volume" refuses 'add the volume there' 'extraVolumeMounts: [{name: x, mountPath: /x}]'
run "refuses a container with a name of its own" refuses 'a container is named "operator"' 'extraContainers: [{name: operator, image: x}]'
run "refuses a common label that it selects by" refuses "commonLabels sets app.kubernetes.io/instance" \
  'commonLabels: {app.kubernetes.io/instance: x}'
run "refuses a budget of both kinds" refuses "keep one of them" \
  'podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}'
run "refuses a budget that blocks every drain" refuses "would block every drain" '{replicas: 2, podDisruptionBudget: {minAvailable: 2}}'
run "refuses a budget in words" refuses 'give a number or a percentage' 'podDisruptionBudget: {minAvailable: half}'
run "refuses a second mark of the stock beside that of the connection" refuses "additional properties 'lowStock' not allowed" \
  'metrics: {prometheusRule: {thresholds: {lowStock: 5}}}'
run "refuses thresholds that hide the warning" refuses "give the warning more days" \
  'metrics: {prometheusRule: {thresholds: {credentialDays: 5}}}'
run "refuses a timeout without a unit" refuses "metrics.serviceMonitor.scrapeTimeout is" 'metrics: {serviceMonitor: {scrapeTimeout: "10"}}'
run "refuses two worlds one after the other" refuses "leave strategy empty" '{sandbox: {enabled: true}, strategy: {type: RollingUpdate}}'
run "refuses a connection name that is no directory" refuses "give the metadata.name of the YubiKeyConnection" \
  'connections: [{name: ../x, existingSecret: s}]'
run "refuses a connection twice" refuses "give each connection one entry" \
  'connections: [{name: a, existingSecret: s}, {name: a, existingSecret: t}]'
run "refuses a Secret of another namespace" refuses "give the name of a Secret in the namespace $namespace, without the namespace" \
  'connections: [{name: a, existingSecret: other/s}]'
run "refuses half a connection" refuses "connections[0].spec has no allowedNamespaces" \
  'connections: [{name: a, existingSecret: s, spec: {okta: {}, yubico: {}}}]'
run "refuses a pattern for namespaces" refuses "patterns and selectors are not understood" 'watchNamespaces: ["team-*"]'
run "refuses a pattern for namespaces of lists" refuses "give names of namespaces; patterns and selectors are not understood" 'rollouts: {listNamespaces: ["*"]}'
run "refuses a namespace twice" refuses "watchNamespaces names a namespace twice" 'watchNamespaces: [a, a]'
run "refuses the sandbox beside a real connection" refuses "the sandbox is refused beside real connections" \
  '{sandbox: {enabled: true}, connections: [{name: a, existingSecret: s}]}'
run "refuses two worlds" refuses "set replicas to 1, because each pod would have a world of its own" '{sandbox: {enabled: true}, replicas: 2}'
run "refuses two servers on one port" refuses "give four different numbers" '{sandbox: {enabled: true, ports: {okta: 8080}}}'
run "refuses a variable that a value sets" refuses "env sets RUST_LOG, which comes from log.level: use that value instead" \
  'env: [{name: RUST_LOG, value: debug}]'
run "refuses a proxy twice" refuses "env sets HTTPS_PROXY and so does proxy.https: keep one of them" \
  '{proxy: {https: "http://p:3128"}, env: [{name: HTTPS_PROXY, value: "http://q:3128"}]}'
run "refuses a password where everybody reads it" refuses "set HTTPS_PROXY in env with valueFrom.secretKeyRef" 'proxy: {https: "http://me:secret@p:3128"}'
run "refuses a proxy without a scheme" refuses "give a URL with scheme, host and port" 'proxy: {https: "p:3128"}'
for url in ftp://p:21 http://3128 'http://p:3128\n' 'http://[::1:3128' 'http://p q:3128' "'http://p:3128'" http://p:3128/x http://pröxy:3128 http://p: http://http://p:1; do
  run "refuses the proxy $url" refuses "give a URL with scheme, host and port" "proxy: {https: \"$url\"}"
done
run "refuses a proxy's port that is none" refuses "give one from 1 to 65535" 'proxy: {https: "http://p:65536"}'
for entry in https://a.example.com a.example.com/x a.example.com:443 '*.example.com' '*.' "'a.example.com'" 10.0.0.0/33 fd00::/129 10.0 'a;b'; do
  run "refuses the exception $entry" refuses "which matches no host" "proxy: {https: \"http://p:1\", noProxy: \"b.example.com, $entry\"}"
done
run "takes a proxy by its IPv6 address" template --set-string 'proxy.https=http://[2001:db8::1]:3128' \
  --set-string 'proxy.noProxy=10.0.0.0/8\, [::1]\,fd00::/8\,.svc\,acme.okta.com'
run "refuses exceptions without a proxy" refuses "proxy.noProxy has no effect without a proxy" 'proxy: {noProxy: a.example.com}'
run "refuses a value of both kinds" refuses "at '/env/0'" 'env: [{name: A, value: b, valueFrom: {secretKeyRef: {name: s, key: k}}}]'
run "refuses a digest that is none" refuses "give sha256: and 64 hexadecimal digits" 'image: {digest: "sha256:abc"}'
run "refuses a tag in the repository" refuses "the tag goes to image.tag" 'image: {repository: "r.example.com/x:1"}'
run "refuses a name where addresses are needed" refuses "a NetworkPolicy does not understand names" \
  'networkPolicy: {vendors: {cidrs: [acme.okta.com]}}'
run "refuses an interval without a unit" refuses "give a duration such as 30s or 1m" 'metrics: {serviceMonitor: {interval: "30"}}'
run "refuses labels that the Deployment selects by" refuses "the Deployment finds its pods by such labels" \
  'podLabels: {app.kubernetes.io/name: x}'
run "refuses to guess a ServiceAccount" refuses "serviceAccount.name must name an existing ServiceAccount" 'serviceAccount: {create: false}'
run "refuses a value of the definitions' chart" refuses "additional properties 'x' not allowed" 'yubikey-shipment-operator-crds: {x: 1}'

start_cluster
run "Pod Security refuses other pods" refuses_other_pods
run "a misspelt field of a connection is named, and put right by the next upgrade" names_a_wrong_field_of_a_connection
run "Helm 3 installs, upgrades and uninstalls" works_with_helm_3
run "makes definitions and a connection in one installation, where Pod Security is restricted" makes_the_connection_at_first
run "takes that connection into the release" takes_the_connection_over
run "keeps the definitions when they are switched off" keeps_definitions_when_they_are_switched_off
run "keeps definitions, connections and shipments when uninstalled" keeps_definitions_when_uninstalled
run "installed again, takes up what is there" takes_up_what_is_there
run "upgrades from a chart with the definitions among its own templates" upgrades_from_one_chart
run "moves the definitions to a release of their own and back" moves_definitions_to_their_own_release
run "installs with every value set" installs_everything
run "gives the operator its rights" may_do_its_work
run "gives the operator no other rights" may_do_nothing_else
run "rollouts.ordering gives the rights to make and delete shipments, and takes them away" orders_for_rollouts_where_that_is_switched_on
run "its own token cannot change what people wrote" changes_nothing_people_wrote
run "its own token can change finalizers" writes_what_it_must
run "its own token makes and cancels shipments of rollouts only, to no address of its own" makes_and_cancels_for_rollouts_only
run "people see, edit and decide by roles of their own" people_have_roles
run "nobody decides in another's name" decides_in_their_own_name
run "in listed namespaces, has rights only there" works_in_listed_namespaces
run "installs the sandbox, and without a real connection" installs_the_sandbox
kubectl delete yubikeyconnections --all >/dev/null
# A cluster refuses other pods than its namespaces allow, and this set says nothing.
says_nothing_where_anything_goes() {
  kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=privileged --overwrite
  strictly unset
  kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted --overwrite
}
run "every field is known to the API server: unset" says_nothing_where_anything_goes
for set in $(value_sets | grep -vx unset); do run "every field is known to the API server: $set" strictly "$set"; done
run "an unknown field would be noticed" notices_an_unknown_field
for set in $(value_sets); do
  # Here no rule is the chart's.
  [ "$set" = off ] || run "no role gives a right twice: $set" grants_nothing_twice "$set"
done
run "no role gives a right twice: with the opposite of rollouts.ordering" grants_nothing_twice everything --set rollouts.ordering=true
run "a right that stands twice would be noticed" notices_a_right_that_stands_twice
run "its definitions take the examples" takes_examples
run "its definitions take the manifests of the pages for those who order" takes_manifests_of_pages
exit "$failed"
