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
{{ include "operator.selectorLabels" . }}
{{ include "operator.versionLabels" . }}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name must name an existing ServiceAccount, because serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Takes a list of an image's values and the chart's appVersion. */}}
{{- define "operator.image" -}}
{{- $image := index . 0 }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default (index . 1) $image.tag) }}
{{- end }}
{{- end }}

{{/* Where the operator finds its files. */}}
{{- define "operator.etc" -}}
/etc/yubikey-shipment-operator
{{- end }}

{{/* Where credentials are looked for, one directory a connection. */}}
{{- define "operator.credentialsDir" -}}
{{ include "operator.etc" . }}/credentials
{{- end }}

{{/* What namespaces that enforce the Pod Security Standard "restricted" ask of a
pod. The operator, the sandbox beside it and the test run under it. */}}
{{- define "operator.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
# So that this user, and nobody else in the pod, can read the Secrets.
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "operator.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Loopback is never reached through a proxy; the sandbox lives there. */}}
{{- define "operator.noProxy" -}}
{{- $hosts := list }}
{{- with .Values.proxy.noProxy }}{{ $hosts = append $hosts . }}{{ end }}
{{- if .Values.sandbox.enabled }}{{ $hosts = append $hosts "localhost" }}{{ end }}
{{- join "," $hosts }}
{{- end }}
