{{/* Names: at most 63 characters, because they are labels too. */}}
{{- define "operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "operator.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "operator.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of what belongs to the cluster or to other namespaces. The release's
namespace is in it, because two releases of one name may live in two namespaces. */}}
{{- define "operator.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "operator.fullname" .) }}
{{- end }}

{{/* The same in every version: a Deployment's selector cannot change. */}}
{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.versionLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "operator.labels" -}}
{{- include "operator.labelsWith" (list . (dict)) }}
{{- end }}

{{/* Takes the root and further labels. What the chart says itself wins: the
Deployment, the Service and people find objects by it. */}}
{{- define "operator.labelsWith" -}}
{{- $root := index . 0 }}
{{- $own := mergeOverwrite (dict) (include "operator.selectorLabels" $root | fromYaml) (include "operator.versionLabels" $root | fromYaml) }}
{{- mergeOverwrite (dict) $root.Values.commonLabels (index . 1) $own | toYaml }}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name must name an existing ServiceAccount, because serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Takes the root, and an image's values. A registry's host is told from a folder as
container engines do it: by a dot, a port, or the name localhost. */}}
{{- define "operator.image" -}}
{{- $root := index . 0 }}
{{- $image := index . 1 }}
{{- $repository := $image.repository }}
{{- $first := splitList "/" $repository | first }}
{{- $host := "" }}
{{- if and (contains "/" $repository) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) }}
{{- $host = $first }}
{{- $repository = trimPrefix (printf "%s/" $first) $repository }}
{{- end }}
{{- with default $image.registry $root.Values.global.imageRegistry }}{{ $host = . | trimSuffix "/" }}{{ end }}
{{- if $host }}{{ $repository = printf "%s/%s" $host $repository }}{{ end }}
{{- if $image.digest }}
{{- printf "%s@%s" $repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default $root.Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{/* Of the chart and of `global`, where other charts take names as well. */}}
{{- define "operator.imagePullSecrets" -}}
{{- $secrets := .Values.imagePullSecrets }}
{{- range .Values.global.imagePullSecrets }}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) }}
{{- end }}
{{- with $secrets | uniq }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* What is set. Nothing and null are not; an umbrella chart's own values.yaml can only say nothing, because some
versions of Helm put the default in the place of its null. */}}
{{- define "operator.withoutNull" -}}
{{- $given := dict }}
{{- range $key, $value := . }}
{{- if kindIs "map" $value }}
{{- with include "operator.withoutNull" $value }}{{ $_ := set $given $key (fromYaml .) }}{{ end }}
{{- else if not (or (kindIs "invalid" $value) (has (toString $value) (list "" "[]"))) }}
{{- $_ := set $given $key $value }}
{{- end }}
{{- end }}
{{- with $given }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* Where the operator finds its files. */}}
{{- define "operator.etc" -}}
/etc/yubikey-shipment-operator
{{- end }}

{{/* Where credentials are looked for, one directory a connection. */}}
{{- define "operator.credentialsDir" -}}
{{ include "operator.etc" . }}/credentials
{{- end }}

{{/* Of the operator's pod and of the test's, of all their containers. */}}
{{- define "operator.podSecurityContext" -}}
{{- include "operator.withoutNull" .Values.podSecurityContext }}
{{- end }}

{{- define "operator.securityContext" -}}
{{- include "operator.withoutNull" .Values.securityContext }}
{{- end }}

{{/* Mode of the mounted credentials. They are root's: where the chart names no fsGroup,
and the platform may assign none either, only a file that all may read can be read at
all. Nobody but the operator's container has the mount. */}}
{{- define "operator.credentialsMode" -}}
{{- $context := default (dict) .Values.podSecurityContext }}
{{- kindIs "invalid" (get $context "fsGroup" | default nil) | ternary "0444" "0440" }}
{{- end }}

{{/* Loopback is never reached through a proxy; the sandbox lives there. */}}
{{- define "operator.noProxy" -}}
{{- $hosts := list }}
{{- with .Values.proxy.noProxy }}{{ $hosts = append $hosts . }}{{ end }}
{{- if .Values.sandbox.enabled }}{{ $hosts = append $hosts "localhost" }}{{ end }}
{{- join "," $hosts }}
{{- end }}
