#!/usr/bin/env bash
# Shows the whole road of three shipments, from helm install to keys that sign
# in: a real API server, the operator as the chart starts it, and the sandbox in
# the part of both vendors. Ends by itself and leaves nothing running.
#
#   hack/demo.sh                    the show
#   KEEP=1 hack/demo.sh             everything stays up until Enter, Ctrl-C or `hack/demo.sh stop`
#   CLUSTER=current hack/demo.sh    in the cluster of your KUBECONFIG; no image is there,
#                                   so the operator runs here, with the chart's rights
#   METHOD=group hack/demo.sh       the same two people and a third by a rollout: group, batch or console
#   hack/demo.sh stop               ends a demo that runs elsewhere
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"

method=${METHOD-} # empty: three shipments, one by one
state=$root/.state/demo
pidfile=$root/.state/demo.pid
operator=$root/target/debug/yubikey-shipment-operator
sandbox=$root/target/debug/yubikey-shipment-sandbox
ask=$root/hack/lib/ask.py

system=yubikey-shipments          # namespace of the operator
people=onboarding                 # namespace of the shipments, as in examples/
release=yubikey-shipment-operator # of the chart; its ServiceAccount has this name, too
chart=charts/yubikey-shipment-operator
image=yubikey-shipment-operator
secret="okta-yubico"
operator_log=$state/operator.log
listen= # where the operator serves its metrics
pod_port=8080
definitions=(yubikeyconnections yubikeydecisions yubikeyrollouts yubikeyshipments)
definitions=("${definitions[@]/%/.fidoprereg.dev}")
# The sandbox's parcels change their state after so many seconds. Less than the
# connection's polling.firstAfter, or the first look would find them unchecked.
step=2
deadline=120

started=() # pid and name of each process, newest last
current_prepared=
began=$SECONDS

# --- what is said ---

note() { printf '%3d s  %s\n' $((SECONDS - began)) "$*"; }

# off MESSAGE [LOG]: something is not as it should be; the end of the log says why.
off() {
  {
    say ""
    say "The demo failed: $1"
    if [ -n "${2-}" ] && [ -s "$2" ]; then
      say "The end of $2:"
      tail -n 20 "$2" | sed 's/^/  | /'
    fi
  } >&2
  exit 1
}

# --- processes ---

# start NAME OUTPUT COMMAND...: in the background, stderr to NAME.log, with a
# stdin that stays open as long as this script lives, however it ends. Its pid is
# in $child.
start() {
  local name=$1 output=$2
  shift 2
  "$@" <"$state/stdin" >>"$output" 2>>"$state/$name.log" 7>&- 8>&- &
  child=$!
  started+=("$child $name")
}

alive() {
  local entry
  for entry in "${started[@]}"; do
    kill -0 "${entry%% *}" 2>/dev/null || off "${entry#* } ended by itself" "$state/${entry#* }.log"
  done
}

end_newest() {
  end_process "${started[-1]%% *}"
  unset 'started[-1]'
}

# end_all: newest first, so that the operator goes before what it talks to.
end_all() {
  while [ "${#started[@]}" -gt 0 ]; do end_newest; done
}

finish() {
  local code=$?
  trap '' INT TERM
  [ -z "$current_prepared" ] || leave_current || true
  end_all
  exec 7>&- 8>&-
  rm -f "$pidfile"
  exit "$code"
}

# one_at_a_time: the lock goes with the process, the pid tells `stop` whom to end.
one_at_a_time() {
  mkdir -p "$root/.state"
  if running; then fail "a demo is running already, process $(cat "$pidfile"); make demo-stop ends it"; fi
  if command -v flock >/dev/null; then
    exec 8>"$pidfile.lock"
    flock -n 8 || fail "a demo is starting already; make demo-stop ends it"
  fi
  echo $$ >"$pidfile"
}

# running: whether the process in the pid file is still a demo, and not another
# program that got its number.
running() {
  local pid
  pid=$(cat "$pidfile" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  ! command -v ps >/dev/null || [[ $(ps -o args= -p "$pid") == *demo.sh* ]]
}

stop() {
  if ! running; then
    say "no demo is running"
    return
  fi
  local pid
  pid=$(cat "$pidfile")
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  say "the demo is stopped"
}

# await FILE PID NAME: until the process has written its line.
await() {
  local patience=300
  while ! [ -s "$1" ]; do
    kill -0 "$2" 2>/dev/null || off "$3 did not start" "$state/$3.log"
    [ "$patience" -gt 0 ] || off "$3 is not ready after 30 s" "$state/$3.log"
    patience=$((patience - 1))
    sleep 0.1
  done
}

# --- the stage ---

prepare() {
  rm -rf "$state"
  mkdir -p "$state"
  chmod 700 "$state"
  mkfifo "$state/stdin"
  # Read and write, so that opening it waits for nobody and nobody reads its end.
  exec 7<>"$state/stdin"
}

start_cluster() {
  local pid
  start control-plane "$state/control-plane.json" \
    "$bin/control-plane" serve --dir "$state/cluster" --run "$image=$operator"
  pid=$child
  start sandbox "$state/sandbox.json" "$sandbox" serve --dir "$state/sandbox" --step "$step"
  await "$state/sandbox.json" "$child" sandbox
  await "$state/control-plane.json" "$pid" control-plane
  export KUBECONFIG=$state/cluster/admin.kubeconfig
  note "a Kubernetes API server, and the sandbox in the part of Okta and YubiEnterprise"
}

use_current_cluster() {
  local context server others
  context=$(kubectl config current-context) || off "CLUSTER=current needs a kubeconfig with a current context"
  server=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')
  say "WARNING: the demo uses the cluster of your current context"
  say "           context  $context"
  say "           server   $server"
  say "         It installs custom resource definitions and cluster-wide RBAC, and removes them at the end."
  kubectl get --raw /readyz >/dev/null || off "the cluster of the context $context does not answer"
  # The demo's operator would follow shipments that are real.
  others=$(kubectl get crd "${definitions[@]}" --ignore-not-found -o name)
  [ -z "$others" ] || off "the context $context has custom resources of this operator already; the demo keeps away from them"
  others=$(kubectl get namespace "$people" "$system" --ignore-not-found -o name)
  [ -z "$others" ] || off "the context $context has ${others//$'\n'/ and } already; the demo would delete them at its end"
  start sandbox "$state/sandbox.json" "$sandbox" serve --dir "$state/sandbox" --step "$step"
  await "$state/sandbox.json" "$child" sandbox
  note "the sandbox in the part of Okta and YubiEnterprise"
  current_prepared=yes
}

# leave_current: what the demo made goes, while the operator still runs, because
# shipments wait for it to leave the vendors in order.
leave_current() {
  say "cleaning up in the cluster"
  kubectl delete yubikeyrollouts --all --namespace "$people" --ignore-not-found --timeout=30s || true
  kubectl delete yubikeyshipments --all --namespace "$people" --ignore-not-found --timeout=30s || true
  kubectl delete yubikeyconnection default --ignore-not-found --timeout=30s || true
  helm uninstall "$release" --namespace "$system" --ignore-not-found --wait --timeout 30s >/dev/null || true
  kubectl delete namespace "$people" "$system" --ignore-not-found --wait=false || true
  kubectl delete crd "${definitions[@]}" --ignore-not-found --wait=false || true
}

# write_values: the whole of what the chart is told. In a cluster where no image
# of ours is, there is nothing to run.
write_values() {
  if [ "${CLUSTER-}" = current ]; then
    echo "replicas: 0"
  else
    cat <<END
connections:
  - name: default
    existingSecret: $secret
log:
  format: text
  level: ${RUST_LOG:-info}
END
    pod_port=$(python3 "$ask" pod-port 8080)
    [ "$pod_port" = 8080 ] || echo "port: $pod_port"
  fi >"$state/values.yaml"
}

install_chart() {
  local helm=(helm install "$release" "$chart" --namespace "$system" --values "$state/values.yaml" --wait --timeout 60s)
  kubectl create namespace "$system" >/dev/null
  kubectl label namespace "$system" pod-security.kubernetes.io/enforce=restricted >/dev/null
  if [ "${CLUSTER-}" != current ]; then
    kubectl create secret generic "$secret" --namespace "$system" --from-file="$state/sandbox/credentials/default" >/dev/null
    note "a namespace that enforces Pod Security \"restricted\", and a Secret with the credentials"
  fi
  write_values
  say ""
  say "values.yaml"
  sed 's/^/       /' "$state/values.yaml"
  say ""
  say "\$ helm install $release $chart --namespace $system --values values.yaml --wait"
  (cd "$root" && "${helm[@]}") >"$state/helm.log" 2>&1 || not_installed
  kubectl wait --for=condition=Established --timeout=30s crd "${definitions[@]}" >/dev/null
  if [ "${CLUSTER-}" = current ]; then
    note "definitions, rights and a Deployment without replicas"
    start_operator
  else
    find_pod
    note "definitions, rights, and the operator: a process of this machine, started as its Pod says"
  fi
  say ""
}

not_installed() {
  kubectl get pods --namespace "$system" -o wide >&2 || true
  find_pod || true
  say "The end of $operator_log:" >&2
  tail -n 20 "$operator_log" 2>/dev/null | sed 's/^/  | /' >&2 || true
  off "the chart could not be installed" "$state/helm.log"
}

# find_pod: where the operator's pod keeps its log, and where it listens. The
# control plane gives each pod an address of its own in 127/8.
find_pod() {
  local name uid ip
  read -r name uid ip < <(
    kubectl get pods --namespace "$system" --selector "app.kubernetes.io/name=$image" \
      -o jsonpath='{.items[0].metadata.name} {.items[0].metadata.uid} {.items[0].status.podIP}{"\n"}'
  ) || return 1
  operator_log=$state/cluster/pods/${system}_${name}_$uid/operator.log
  listen=127.${ip#*.}:$pod_port
}

# write_kubeconfig: an operator outside of the cluster gets a token of the chart's
# ServiceAccount and nothing of the admin's.
write_kubeconfig() {
  local server ca token
  server=$(kubectl config view --minify --raw -o jsonpath='{.clusters[0].cluster.server}')
  ca=$(kubectl config view --minify --raw --flatten -o jsonpath='{.clusters[0].cluster.certificate-authority-data}')
  token=$(kubectl create token "$release" --namespace "$system" --duration 12h)
  (
    umask 077
    cat >"$state/operator.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: operator
clusters: [{name: cluster, cluster: {server: "$server", certificate-authority-data: "$ca"}}]
users: [{name: operator, user: {token: "$token"}}]
contexts: [{name: operator, context: {cluster: cluster, user: operator, namespace: "$system"}}]
END
  )
}

start_operator() {
  local pid patience=150
  listen=127.0.0.1:$(python3 "$ask" port)
  write_kubeconfig
  KUBECONFIG=$state/operator.kubeconfig RUST_LOG=${RUST_LOG:-info} \
    start operator "$state/operator.log" \
    "$operator" run --credentials-dir "$state/sandbox/credentials" --listen "$listen" --log-format text
  pid=$child
  until python3 "$ask" ok "http://$listen/readyz" 2>/dev/null; do
    kill -0 "$pid" 2>/dev/null || off "the operator did not start" "$state/operator.log"
    [ "$patience" -gt 0 ] || off "the operator is not ready after 30 s" "$state/operator.log"
    patience=$((patience - 1))
    sleep 0.1
  done
  note "the operator, a process of this machine with the token of the chart's ServiceAccount"
}

apply_examples() {
  kubectl apply -f "$root/examples/namespace.yaml" >/dev/null
  kubectl patch --local -f "$root/examples/connection.yaml" --type merge -o yaml \
    --patch "$(python3 "$ask" connection "$state/sandbox.json" "$people")" >"$state/connection.yaml"
  kubectl apply -f "$state/connection.yaml" >/dev/null
  kubectl wait --for=condition=Ready --timeout=30s yubikeyconnection default >/dev/null 2>&1 ||
    off "the connection is not ready: $(kubectl get yubikeyconnection default -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}')" "$operator_log"
  note "examples/connection.yaml, pointed at the sandbox: the operator reaches both vendors"
}

declare_shipments() {
  kubectl apply -f "$root/examples/shipments" >/dev/null
  note "examples/shipments: three people shall get a key"
}

# --- the play ---

declare -A phase reason
declare -A login    # of each person, by Okta's user id
declare -A shipment # of each person, where it has another name

# --- one of the guide's three ways to order, in place of single shipments ---

rollout() { kubectl get yubikeyrollout "$method" --namespace "$people" "$@"; }

# rollout_is JSONPATH VALUE: waits until the rollout's status says so.
rollout_is() {
  kubectl wait yubikeyrollout "$method" --namespace "$people" --for="jsonpath={$1}=$2" --timeout=60s >/dev/null 2>&1 ||
    off "the rollout did not come to $1 = $2: $(rollout -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}')" "$operator_log"
}

# click PERSON PRODUCT: the Admin Console's button.
click() {
  python3 "$ask" post "$control/people/$1@example.com/console-order" \
    "{\"productId\": \"$2\", \"inventoryProductId\": \"106\", \"customizationId\": \"RXJN83\"}"
}

group() {
  python3 "$ask" post "$control/groups" '{"name": "YubiKey 5C NFC", "members": ["ann.lee@example.com", "eve.long@example.com"]}'
  python3 "$ask" post "$control/groups" '{"name": "YubiKey 5 NFC", "members": ["bob.ray@example.com"]}'
  note "the IT admin puts Ann and Eve into the Okta group YubiKey 5C NFC, Bob into YubiKey 5 NFC"
}

# A dry run first, where the rollout's example says so; then the word to begin.
begin_rollout() {
  local dry
  while read -r id name; do login[$id]=$name; done < <(python3 "$ask" people "$control/state")
  [ "$method" != group ] || group
  kubectl apply -f "$root/examples/rollouts/$method.yaml" >/dev/null
  dry=$(rollout -o jsonpath='{.spec.mode}')
  note "examples/rollouts/$method.yaml, mode $dry"
  if [ "$method" = console ]; then
    # What was clicked before the rollout looked is the template's.
    kubectl wait yubikeyrollout console --namespace "$people" --for=condition=Synced --timeout=60s >/dev/null
    click ann.lee 29
    click bob.ray 1
    click eve.long 4711
    # One look now; by itself the log is read once a minute.
    kubectl annotate yubikeyrollout console --namespace "$people" --overwrite \
      fidoprereg.dev/requestedAt="$(date -u +%FT%TZ)" >/dev/null
    note "an IT admin clicks Pre-enrolled authenticators → Add for Ann, for Bob, and for Eve with a Product ID nobody knows"
    return
  fi
  rollout_is .status.counts.eligible 2
  note "the dry run tells who would get what, and every problem; neither vendor was sent anything"
  show_rollout
  [ -z "$(kubectl get yubikeyshipments --namespace "$people" -o name)" ] || off "a dry run made a shipment" "$operator_log"
  kubectl patch yubikeyrollout "$method" --namespace "$people" --type merge -p '{"spec": {"mode": "Order"}}' >/dev/null
  note "mode: Order, the word to begin"
}

show_rollout() {
  say ""
  say "\$ kubectl get yubikeyrollouts --namespace $people"
  kubectl get yubikeyrollouts --namespace "$people"
  rollout -o jsonpath='{range .status.problems[*]}{.reason}{" ("}{.total}{"): "}{.message}{"\n"}{end}' | fold -s -w 110 | sed 's/^/       /'
  say ""
}

# watch_shipments: lines come on file descriptor 5 whenever an object changes.
watch_shipments() {
  local columns='NAME:.metadata.name,ID:.spec.userRef.id,PHASE:.status.phase'
  columns+=',READY:.status.conditions[?(@.type=="Ready")].status'
  columns+=',REASON:.status.conditions[?(@.type=="Ready")].reason'
  mkfifo "$state/changes"
  start watch "$state/changes" \
    kubectl get yubikeyshipments --namespace "$people" --watch --no-headers -o "custom-columns=$columns"
  exec 5<"$state/changes"
}

# follow_road: prints a line when something changes, plays the admin's part, and
# returns when all three have arrived where they should.
follow_road() {
  local name id now ready why ann_is_active=
  say ""
  say "kubectl get yubikeyshipments --watch"
  printf '       %-10s %-10s %-6s %s\n' NAME PHASE READY REASON
  until arrived; do
    alive
    [ $((SECONDS - began)) -lt "$deadline" ] || too_late
    read -r -t 1 name id now ready why <&5 || continue
    [ "$now" != "<none>" ] || continue
    # A rollout's shipments carry no login in their name.
    if [ -n "${login[$id]-}" ]; then
      shipment[${login[$id]}]=$name
      name=${login[$id]}
    fi
    if [ "${phase[$name]-} ${reason[$name]-}" != "$now $why" ]; then
      phase[$name]=$now reason[$name]=$why
      note "$(printf '%-10s %-10s %-6s %s' "$name" "$now" "$ready" "$why")"
    fi
    if [ "$name" = ann-lee ] && [ -z "$ann_is_active" ] && [[ $now == Delivered || $now == Activated ]]; then
      python3 "$ask" post "$control/people/ann.lee@example.com/activate"
      ann_is_active=yes
      note "           the IT admin activates Ann's account: it is her first day"
    fi
  done
  end_newest # the watch; an API server closes it some day, and that is no fault
}

arrived() {
  [ "${phase[ann-lee]-} ${reason[ann-lee]-}" = "Activated Activated" ] &&
    [ "${phase[bob-ray]-} ${reason[bob-ray]-}" = "Activated Activated" ] &&
    { [ -n "$method" ] || [ "${phase[eve-long]-}" = Held ]; }
}

too_late() {
  kubectl get yubikeyshipments --namespace "$people" -o wide >&2 || true
  off "after $deadline s the shipments are not where they should be, see above" "$operator_log"
}

# field NAME JSONPATH: of a shipment.
field() { kubectl get yubikeyshipment "${shipment[$1]-$1}" --namespace "$people" -o jsonpath="{$2}"; }

# sign_in NAME: the program gets the parcel and the mail in a directory of their
# own, an empty environment, and the address of the page; nothing else.
sign_in() {
  local hands=$state/hands/$1
  mkdir -p "$hands"
  python3 "$ask" get "$control/parcels/$(field "$1" .status.order.shipmentId)" >"$hands/parcel.json"
  python3 "$ask" get "$control/outbox/latest?person=$(field "$1" .status.userId)" >"$hands/mail.json"
  (
    cd "$hands"
    env -i "$sandbox" sign-in --parcel parcel.json --mail mail.json --okta "$okta" --ca "$ca"
  ) >"$hands/answer" 2>&1 || off "$1 cannot sign in: $(cat "$hands/answer")" "$operator_log"
}

sign_in_both() {
  local name
  say ""
  say "A program that has only the parcel and the mail signs in at the sandbox's Okta:"
  for name in ann-lee bob-ray; do
    sign_in "$name"
    note "$(printf '%-10s %s' "$name" "$(cat "$state/hands/$name/answer")")"
  done
}

# rollout_summary: what the rollout says in the end, and why Eve got nothing.
rollout_summary() {
  rollout_is .status.counts.activated 2
  show_rollout
  say "\$ kubectl get yubikeyshipments --namespace $people"
  kubectl get yubikeyshipments --namespace "$people"
  say ""
  say "Ann and Bob: ordered for by the rollout, Activated and signed in. Eve: no shipment, see above."
  [ "$(kubectl get yubikeyshipments --namespace "$people" -o name | wc -l)" = 2 ] || off "there are not two shipments" "$operator_log"
}

summary() {
  if [ -n "$method" ]; then
    rollout_summary
    return
  fi
  say ""
  say "\$ kubectl get yubikeyshipments --namespace $people"
  kubectl get yubikeyshipments --namespace "$people"
  say ""
  say "ann-lee   a new colleague, staged at Okta when the key was ordered: Activated and signed in"
  say "bob-ray   a colleague with an account: Activated and signed in"
  say "eve-long  a profile that does not fit on a parcel: Held, nothing was ordered, because"
  field eve-long '.status.conditions[?(@.type=="Ready")].message' | faults
}

# faults: each on a line of its own.
faults() {
  sed -E $'s/[;:] ([A-Z][A-Za-z ]+ \\(profile\\.)/\\\n- \\1/g; s/\\. (Correct )/.\\\n\\1/' | sed 's/^/            /'
  say ""
}

keep() {
  local by_kubectl="kubectl logs --namespace $system deployment/$release --follow"
  [ "${CLUSTER-}" != current ] || by_kubectl="kubectl get events --namespace $people"
  cat <<END

Everything stays up. In another terminal:

  export KUBECONFIG=$KUBECONFIG PATH=$bin:\$PATH
  kubectl get yubikeyshipments --namespace $people -o wide
  kubectl describe yubikeyshipment ${shipment[ann-lee]-ann-lee} --namespace $people
  kubectl explain yubikeyshipment.spec
  $by_kubectl

$([ -z "$method" ] && echo "Correct Eve's profile, ask for a look now, and her key goes the same road:" || echo "Correct Eve's profile:")

  curl $control/people/eve.long@example.com --data '{"profile": {
    "firstName": "Eve", "lastName": "Long", "organization": "Example Inc", "primaryPhone": "+1 617-555-0199",
    "streetAddress": "12345 Old Post Road", "city": "Cambridge", "state": "MA"}}'
  kubectl annotate ${method:+yubikeyrollout }${method:-yubikeyshipment eve-long} --namespace $people --overwrite fidoprereg.dev/requestedAt="\$(date)"
  kubectl get yubikeyshipments --namespace $people --watch

  what the vendors see: people, parcels, the outbox   $control
  what the operator does                              $operator_log
  its metrics                                         http://$listen/metrics

END
  # Whoever ends it now has seen everything.
  trap 'exit 0' INT TERM
  if [ -t 0 ]; then
    say "Enter or Ctrl-C ends it, and so does make demo-stop."
    read -r || true
  else
    say "make demo-stop ends it."
    # A wait that a signal can interrupt, unlike a sleep in the foreground.
    while :; do
      alive
      sleep 1 &
      wait $! || true
    done
  fi
}

main() {
  case $method in "" | group | batch | console) ;; *) fail "METHOD is $method: give group, batch or console, or leave it out for single shipments" ;; esac
  need git rust c go python
  one_at_a_time
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  tied "$root/hack/build.sh" 8>&-
  trap 'exit 130' INT
  trap 'exit 143' TERM
  prepare
  began=$SECONDS
  if [ "${CLUSTER-}" = current ]; then use_current_cluster; else start_cluster; fi
  okta=$(python3 "$ask" field "$state/sandbox.json" okta)
  control=$(python3 "$ask" field "$state/sandbox.json" control)
  ca=$(python3 "$ask" field "$state/sandbox.json" ca)
  export HELM_CACHE_HOME=$state/helm HELM_CONFIG_HOME=$state/helm HELM_DATA_HOME=$state/helm
  install_chart
  apply_examples
  if [ -n "$method" ]; then begin_rollout; else declare_shipments; fi
  watch_shipments
  follow_road
  sign_in_both
  summary
  [ -z "${KEEP-}" ] || keep
}

if [ "${1-}" = stop ]; then stop; else main; fi
