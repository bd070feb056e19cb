{{/* Rules that a schema cannot say, or only as a pattern that nobody can read. Each
sentence says what to do. */}}

{{- define "operator.dnsName" -}}^[a-z0-9]([-a-z0-9]*[a-z0-9])?${{- end }}
{{- define "operator.dnsDomain" -}}^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*${{- end }}

{{/* As strict as the operator is with HTTPS_PROXY and NO_PROXY, which end its process or do nothing otherwise. */}}
{{- define "operator.proxyUrl" -}}^https?://([0-9]{1,3}([.][0-9]{1,3}){3}|([a-zA-Z0-9_-]+[.])*[a-zA-Z0-9_-]*[a-zA-Z][a-zA-Z0-9_-]*[.]?|\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\])(:[0-9]{1,5})?/?$
{{- end }}
{{- define "operator.bypass" -}}
{{- $ipv4 := "[0-9]{1,3}([.][0-9]{1,3}){3}(/([0-9]|[12][0-9]|3[0-2]))?" }}
{{- $hex := "[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*" }}
{{- $ipv6 := printf "(%s|\\[%s\\])(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?" $hex $hex }}
{{- $name := "[.]?([a-zA-Z0-9_-]+[.])*[a-zA-Z0-9_-]*[a-zA-Z][a-zA-Z0-9_-]*[.]?" }}
{{- printf "^([*]|%s|%s|%s)$" $ipv4 $ipv6 $name }}
{{- end }}

{{- define "operator.validate" -}}
{{- include "operator.validateUmbrella" . }}
{{- include "operator.validatePod" . }}
{{- include "operator.validateConnections" . }}
{{- include "operator.validateNamespaces" . }}
{{- include "operator.validateImage" (list "image" .Values.image) }}
{{- include "operator.validateImage" (list "sandbox.image" .Values.sandbox.image) }}
{{- include "operator.validateImage" (list "dashboard.image" .Values.dashboard.image) }}
{{- include "operator.validateDashboard" . }}
{{- include "operator.validateEnv" . }}
{{- include "operator.validateSandbox" . }}
{{- include "operator.validateLabels" . }}
{{- include "operator.validateNetwork" . }}
{{- with .Values.extraCA.key }}
{{- if not (regexMatch "^[-._a-zA-Z0-9]+$" .) }}
{{- fail (printf "extraCA.key is %q: give the name of a key in the ConfigMap, made of letters, digits, '-', '_' and '.'" .) }}
{{- end }}
{{- end }}
{{- if contains "\n" .Values.log.level }}
{{- fail "log.level has more than one line: give one line in the form of RUST_LOG, e.g. info,yubikey_shipment_operator=debug" }}
{{- end }}
{{- range $name := list "interval" "scrapeTimeout" }}
{{- with get $.Values.metrics.serviceMonitor $name }}
{{- if not (regexMatch "^([0-9]+(ms|s|m|h))+$" .) }}
{{- fail (printf "metrics.serviceMonitor.%s is %q: give a duration such as 30s or 1m" $name .) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.metrics.prometheusRule.thresholds }}
{{- if ge (float64 .credentialCriticalDays) (float64 .credentialDays) }}
{{- fail (printf "metrics.prometheusRule.thresholds: credentialCriticalDays is %v and credentialDays %v: give the warning more days than the critical alert" .credentialCriticalDays .credentialDays) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Keys that an umbrella chart's dependencies[].condition names. Where it names none,
`false` would be without effect. */ -}}
{{- define "operator.validateUmbrella" -}}
{{- if eq "false" (toString .Values.enabled) }}
{{- fail (printf "enabled is false, but only an umbrella chart can leave this one out: give its dependency the line `condition: %s.enabled`" .Chart.Name) }}
{{- end }}
{{- $definitions := get .Values "yubikey-shipment-operator-crds" | default dict }}
{{- if eq "false" (toString $definitions.enabled) }}
{{- fail "yubikey-shipment-operator-crds.enabled has no effect: set crds.install to false" }}
{{- end }}
{{- end }}

{{- define "operator.validatePod" -}}
{{- include "operator.validateBudget" . }}
{{- if and .Values.sandbox.enabled .Values.strategy (ne "Recreate" (toString .Values.strategy.type)) }}
{{- fail "strategy is set and sandbox.enabled is true: leave strategy empty, because two pods would be two worlds" }}
{{- end }}
{{- $instead := dict "credentials-dir" "connections" "listen" "port" "log-format" "log.format" "log-level-file" "log.level" "lease" "the release's name" "lease-seconds" "leaseSeconds" "namespaces" "watchNamespaces" "extra-ca" "extraCA" }}
{{- range .Values.extraArgs }}
{{- $flag := regexReplaceAll "=.*$" . "" | trimPrefix "--" }}
{{- if hasKey $instead $flag }}
{{- fail (printf "extraArgs sets --%s, which comes from %s: use that value instead" $flag (get $instead $flag)) }}
{{- end }}
{{- end }}
{{- $taken := list "config" "extra-ca" "sandbox" "no-connections" }}
{{- range .Values.extraVolumes }}
{{- if or (has .name $taken) (regexMatch "^connection-[0-9]+$" .name) }}
{{- fail (printf "extraVolumes has %q twice, or it is a name of the chart's own: give the volume another name" .name) }}
{{- end }}
{{- $taken = append $taken .name }}
{{- end }}
{{- range .Values.extraVolumeMounts }}
{{- if not (has .name $taken) }}
{{- fail (printf "extraVolumeMounts mounts %q, which is not in extraVolumes: add the volume there" .name) }}
{{- end }}
{{- end }}
{{- range concat .Values.extraContainers .Values.extraInitContainers }}
{{- if has .name (list "operator" "sandbox") }}
{{- fail (printf "a container is named %q, as one of the chart's own: give it another name" .name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "operator.validateBudget" -}}
{{- $budget := .Values.podDisruptionBudget }}
{{- range $name := list "minAvailable" "maxUnavailable" }}
{{- $given := get $budget $name | toString }}
{{- if not (regexMatch "^([0-9]+|[0-9]{1,3}%|<nil>|)$" $given) }}
{{- fail (printf "podDisruptionBudget.%s is %q: give a number or a percentage, e.g. 1 or 50%%" $name $given) }}
{{- end }}
{{- end }}
{{- $min := include "operator.given" $budget.minAvailable }}
{{- $max := include "operator.given" $budget.maxUnavailable }}
{{- if and $min $max }}
{{- fail (printf "podDisruptionBudget has minAvailable %s and maxUnavailable %s: keep one of them" $min $max) }}
{{- end }}
{{- if has $max (list "0" "0%") }}
{{- fail "podDisruptionBudget.maxUnavailable is 0, which would block every drain: give at least 1, or set podDisruptionBudget.enabled to false" }}
{{- end }}
{{- $replicas := int .Values.replicas }}
{{- if and $budget.enabled (gt $replicas 1) (or (eq $min "100%") (and (regexMatch "^[0-9]+$" $min) (ge (int $min) $replicas))) }}
{{- fail (printf "podDisruptionBudget.minAvailable is %s of %d replicas, which would block every drain: give less, or more replicas" $min $replicas) }}
{{- end }}
{{- end }}

{{- /* A number or text as text; nothing and null as nothing. */ -}}
{{- define "operator.given" -}}
{{- if not (kindIs "invalid" .) }}{{ . }}{{ end }}
{{- end }}

{{- define "operator.validateConnections" -}}
{{- $seen := dict }}
{{- range $i, $connection := .Values.connections }}
{{- $at := printf "connections[%d]" $i }}
{{- if or (not (regexMatch (include "operator.dnsName" $) $connection.name)) (gt (len $connection.name) 63) }}
{{- fail (printf "%s.name is %q: give the metadata.name of the YubiKeyConnection, at most 63 small letters, digits and '-'; it also names a directory" $at $connection.name) }}
{{- end }}
{{- if hasKey $seen $connection.name }}
{{- fail (printf "%s.name is %q once more: give each connection one entry, with one Secret that holds all its credentials" $at $connection.name) }}
{{- end }}
{{- $_ := set $seen $connection.name true }}
{{- if and $connection.existingSecret $connection.externalCredentials }}
{{- fail (printf "%s has existingSecret and externalCredentials: keep one of them" $at) }}
{{- end }}
{{- if not (or $connection.existingSecret $connection.externalCredentials) }}
{{- fail (printf "%s has no existingSecret: give the name of a Secret in the namespace %s, or set externalCredentials to true and mount the files at %s/%s by other means" $at $.Release.Namespace (include "operator.credentialsDir" $) $connection.name) }}
{{- end }}
{{- if $connection.externalCredentials }}
{{- else if or (not (regexMatch (include "operator.dnsDomain" $) $connection.existingSecret)) (gt (len $connection.existingSecret) 253) }}
{{- fail (printf "%s.existingSecret is %q: give the name of a Secret in the namespace %s, without the namespace" $at $connection.existingSecret $.Release.Namespace) }}
{{- end }}
{{- with $connection.spec }}
{{- range $need := list "okta" "yubico" "allowedNamespaces" }}
{{- if not (hasKey $connection.spec $need) }}
{{- fail (printf "%s.spec has no %s: give the whole spec of the YubiKeyConnection (docs/connect.md, section 5), or leave spec out and apply the YubiKeyConnection yourself" $at $need) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "operator.validateNamespaces" -}}
{{- range $value, $namespaces := dict "watchNamespaces" .Values.watchNamespaces "rollouts.listNamespaces" .Values.rollouts.listNamespaces }}
{{- range $namespaces }}
{{- if or (not (regexMatch (include "operator.dnsName" $) .)) (gt (len .) 63) }}
{{- fail (printf "%s has %q: give names of namespaces; patterns and selectors are not understood" $value .) }}
{{- end }}
{{- end }}
{{- if ne (len $namespaces) (len (uniq $namespaces)) }}
{{- fail (printf "%s names a namespace twice: %s" $value (join ", " $namespaces)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "operator.validateImage" -}}
{{- $image := index . 1 }}
{{- if and $image.digest (not (regexMatch "^sha256:[0-9a-f]{64}$" $image.digest)) }}
{{- fail (printf "%s.digest is %q: give sha256: and 64 hexadecimal digits, or leave it empty" (index . 0) $image.digest) }}
{{- end }}
{{- if and $image.registry (regexMatch "[@\\s/]" $image.registry) }}
{{- fail (printf "%s.registry is %q: give the registry's host alone, with its port if it has one" (index . 0) $image.registry) }}
{{- end }}
{{- if regexMatch "[@\\s]|:[^/]*$" $image.repository }}
{{- fail (printf "%s.repository is %q: give the repository alone; the tag goes to %s.tag, a digest to %s.digest" (index . 0) $image.repository (index . 0) (index . 0)) }}
{{- end }}
{{- end }}

{{- define "operator.validateEnv" -}}
{{- $instead := dict "YKS_IDENTITY" "the pod's name" "YKS_CREDENTIALS_DIR" "connections" "YKS_LISTEN" "port" "YKS_LOG_FORMAT" "log.format" "RUST_LOG" "log.level" "YKS_LOG_LEVEL_FILE" "log.level" "YKS_LEASE" "the release's name" "YKS_LEASE_SECONDS" "leaseSeconds" "YKS_NAMESPACES" "watchNamespaces" "YKS_EXTRA_CA" "extraCA" }}
{{- $seen := dict }}
{{- range .Values.env }}
{{- if hasKey $instead .name }}
{{- fail (printf "env sets %s, which comes from %s: use that value instead" .name (get $instead .name)) }}
{{- end }}
{{- if and (eq (upper .name) "HTTPS_PROXY") $.Values.proxy.https }}
{{- fail (printf "env sets %s and so does proxy.https: keep one of them" .name) }}
{{- end }}
{{- if and (eq (upper .name) "NO_PROXY") (include "operator.noProxy" $) }}
{{- fail (printf "env sets %s and so does the chart: give the hosts in proxy.noProxy" .name) }}
{{- end }}
{{- if hasKey $seen .name }}
{{- fail (printf "env sets %s twice: keep one of them" .name) }}
{{- end }}
{{- $_ := set $seen .name true }}
{{- end }}
{{- with .Values.proxy.https }}
{{- if contains "@" . }}
{{- fail "proxy.https has a user or password in it, which everybody who may read the Deployment could see: leave it empty and set HTTPS_PROXY in env with valueFrom.secretKeyRef" }}
{{- end }}
{{- if not (regexMatch (include "operator.proxyUrl" $) .) }}
{{- fail (printf "proxy.https is %q: give a URL with scheme, host and port, e.g. http://proxy.example.com:3128 or http://[2001:db8::1]:3128, without path, blanks, line end or quotation marks" .) }}
{{- end }}
{{- with regexFind ":[0-9]+/?$" . | trimPrefix ":" | trimSuffix "/" }}
{{- if or (lt (atoi .) 1) (gt (atoi .) 65535) }}
{{- fail (printf "proxy.https has the port %s: give one from 1 to 65535" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- range regexSplit "[,\\s]+" (trim .Values.proxy.noProxy) -1 }}
{{- if and . (not (regexMatch (include "operator.bypass" $) .)) }}
{{- fail (printf "proxy.noProxy has %q, which matches no host: give names such as acme.okta.com or .example.com, addresses, and networks such as 10.0.0.0/8, separated by commas; without scheme, port, path, quotation marks or *." .) }}
{{- end }}
{{- end }}
{{- $proxied := .Values.proxy.https }}
{{- range .Values.env }}{{ if has (upper .name) (list "HTTPS_PROXY" "ALL_PROXY") }}{{ $proxied = .name }}{{ end }}{{ end }}
{{- if and .Values.proxy.noProxy (not $proxied) }}
{{- fail "proxy.noProxy has no effect without a proxy: set proxy.https as well, or leave proxy.noProxy empty" }}
{{- end }}
{{- end }}

{{- define "operator.validateSandbox" -}}
{{- $sandbox := .Values.sandbox }}
{{- if $sandbox.enabled }}
{{- if .Values.connections }}
{{- fail "sandbox.enabled is true and connections is not empty: the sandbox is refused beside real connections, so that nobody takes a real order for a game. Install it as a release of its own in a cluster of its own, or set sandbox.enabled to false" }}
{{- end }}
{{- if gt (int .Values.replicas) 1 }}
{{- fail (printf "replicas is %d and sandbox.enabled is true: set replicas to 1, because each pod would have a world of its own" (int .Values.replicas)) }}
{{- end }}
{{- $ports := list .Values.port $sandbox.ports.okta $sandbox.ports.yubico $sandbox.ports.control }}
{{- if ne 4 (len (uniq $ports)) }}
{{- fail (printf "port and the three of sandbox.ports are %s: give four different numbers, they share one pod" (join ", " $ports)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "operator.validateLabels" -}}
{{- $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" }}
{{- range $value, $labels := dict "podLabels" .Values.podLabels "commonLabels" .Values.commonLabels "service.labels" .Values.service.labels "serviceAccount.labels" .Values.serviceAccount.labels }}
{{- range $key, $_ := $labels }}
{{- if has $key $own }}
{{- fail (printf "%s sets %s, which the chart sets itself: the Deployment finds its pods by such labels" $value $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "operator.validateNetwork" -}}
{{- range $who := list "apiServer" "vendors" }}
{{- range (index $.Values.networkPolicy $who).cidrs }}
{{- if not (regexMatch "^[0-9a-fA-F.:]+/[0-9]{1,3}$" .) }}
{{- fail (printf "networkPolicy.%s.cidrs has %q: give addresses with the length of their prefix, e.g. 192.0.2.10/32; a NetworkPolicy does not understand names" $who .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* As strict as the page is with --origin. */}}
{{- define "operator.validateDashboard" -}}
{{- $dashboard := .Values.dashboard }}
{{- if and $dashboard.enabled (not $dashboard.origins) }}
{{- fail "dashboard.origins is empty: name the address under which people open the page, e.g. [https://yubikeys.example.com]; it refuses requests for any other host" }}
{{- end }}
{{- range $dashboard.origins }}
{{- if not (regexMatch "^https?://[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:[0-9]{1,5})?$" .) }}
{{- fail (printf "dashboard.origins has %q: give scheme and host, with a port if it is not the usual one, and no path, e.g. https://yubikeys.example.com" .) }}
{{- end }}
{{- end }}
{{- with $dashboard.namespace }}
{{- if not (regexMatch (include "operator.dnsName" $) .) }}
{{- fail (printf "dashboard.namespace is %q: give the name of a namespace, or nothing for all of them" .) }}
{{- end }}
{{- end }}
{{- end }}
