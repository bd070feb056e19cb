{{/* Who the operator is at the sandbox's Okta. */}}
{{- define "operator.sandboxClientId" -}}0oaSandboxOfTheChart{{- end }}
{{- define "operator.sandboxKeyId" -}}chart{{- end }}

{{/* The connection `sandbox`: the world that the sandbox begins with, and times in
seconds where real ones are hours. */}}
{{- define "operator.sandboxSpec" -}}
{{- $ports := .Values.sandbox.ports }}
{{- $yubico := printf "https://localhost:%d" (int $ports.yubico) }}
okta:
  orgUrl: https://localhost:{{ $ports.okta }}
  auth:
    privateKeyJwt:
      clientId: {{ include "operator.sandboxClientId" . }}
      keyId: {{ include "operator.sandboxKeyId" . }}
      algorithm: ES256
yubico:
  apiUrl: {{ $yubico }}/v1
  transportKeysUrl: {{ $yubico }}/.well-known/yubico-transport-keys.jwks
  signingKeysUrl: {{ $yubico }}/.well-known/yubico-sign.jwks
keys:
  - name: yubikey-5c-nfc
    productId: 29
    inventoryProductId: 106
    customizationId: RXJN83
  - name: yubikey-5-nfc
    productId: 1
    inventoryProductId: 106
    customizationId: RXJN83
polling:
  # After the order's first step: one that stands still at the first look counts
  # as incomplete.
  firstAfter: {{ add .Values.sandbox.step 2 }}s
  interval: 2s
calls: {timeout: 10s, settle: 30s, lookDelay: 1s}
# Nobody else uses a sandbox of this release.
orderingCluster: ThisCluster
allowedNamespaces:
  {{- if .Values.watchNamespaces }}
  from: Names
  names:
    {{- toYaml .Values.watchNamespaces | nindent 4 }}
  {{- else }}
  from: All
  {{- end }}
{{- end }}
