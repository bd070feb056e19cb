# The sets of values in the chart's folder ci/, rendered. Sourced after common.sh,
# never run.
# shellcheck shell=bash
# Some names are set by whoever sources this, some are read there.
# shellcheck disable=SC2034,SC2154

chart=$root/charts/yubikey-shipment-operator
crds_chart=$root/charts/yubikey-shipment-operator-crds
rendered=$root/.cache/rendered

# value_sets: their names, one a line.
value_sets() { (cd "$chart/ci" && printf '%s\n' *-values.yaml) | sed 's/-values\.yaml$//'; }

# render HELM SET [ARGUMENT...]: all objects of the chart with that set, tests and
# hooks among them. HELM is helm or helm3.
render() {
  local helm=$1 set=$2
  shift 2
  "$helm" template yubikey-shipment-operator "$chart" --namespace yubikey-shipments \
    --values "$chart/ci/$set-values.yaml" "$@"
}

# render_sets: each set as .cache/rendered/SET.yaml, a stream of documents.
render_sets() {
  local set
  mkdir -p "$rendered"
  rm -f "$rendered"/*.yaml
  for set in $(value_sets); do render helm "$set" >"$rendered/$set.yaml"; done
}

# without_group GROUP: a stream of documents without those of that API group.
without_group() {
  awk -v group="$1" '
    function flush() { if (document != "" && !foreign) printf "---\n%s", document; document = ""; foreign = 0 }
    /^---/ { flush(); next }
    index($0, "apiVersion: " group "/") == 1 { foreign = 1 }
    { document = document $0 "\n" }
    END { flush() }'
}
