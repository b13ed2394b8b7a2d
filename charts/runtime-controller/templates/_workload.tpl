{{/* The process of the chart; see the library for the fields. */}}
{{- define "runtime-controller.workload" -}}
component: runtime-controller
repository: runtime-controller
account: datalayer-operator-sa
settings: {{- include "runtime-controller.settings" . | nindent 2 }}
# Of the API key there is one Secret for all who need it; see api-key.yaml.
secretSettings:
  - DATALAYER_USAGE_SINK_KEY
  - AWS_ACCESS_KEY_ID
  - AWS_SECRET_ACCESS_KEY
  - AWS_SESSION_TOKEN
  - AZURE_CLIENT_SECRET
ports:
  api: { number: 2111, setting: DATALAYER_OPERATOR_PORT }
secretMounts:
  {{- if .Values.cloudCredentials.enabled }}
  - { name: cloud-credentials, secretName: {{ include "runtime-controller.cloudCredentialsName" . }} }
  {{- end }}
  {{- with include "runtime-controller.apiKeySecret" . }}
  - name: api-key
    secretName: {{ . }}
    items: [{ key: {{ $.Values.apiKey.key }}, path: apiKey }{{ with $.Values.apiKey.previousKey }}, { key: {{ . }}, path: previousApiKey }{{ end }}]
  {{- end }}
# Programs of a cloud find them as variables; node scaling reads the files, so that a rotation needs no new Pod.
secretVariables:
  {{- if .Values.cloudCredentials.enabled }}
  - secretRef: { name: {{ include "runtime-controller.cloudCredentialsName" . }} }
  {{- end }}
callers:
  api: {{- toYaml .Values.networkPolicy.callers | nindent 4 }}
{{- end }}

{{- define "runtime-controller.settings" -}}
{{- $variables := .Values.env | default dict -}}
DATALAYER_LOG_LEVEL: {{ .Values.logLevel }}
DATALAYER_LOG_FORMAT: {{ .Values.logFormat }}
DATALAYER_WATCH_NAMESPACES: {{ include "datalayer.watchedNamespaces" (dict "root" .) | fromYamlArray | join "," | quote }}
{{- if include "runtime-controller.apiKeySecret" . }}
DATALAYER_OPERATOR_API_KEY_FILE: /etc/datalayer/api-key/apiKey
{{- if .Values.apiKey.previousKey }}
DATALAYER_OPERATOR_API_KEY_PREVIOUS_FILE: /etc/datalayer/api-key/previousApiKey
{{- end }}
{{- else }}
DATALAYER_OPERATOR_API_KEY_SECRET: datalayer-operator-api-key
{{- end }}
{{- if .Values.cloudCredentials.enabled }}
DATALAYER_CLOUD_CREDENTIALS_DIR: /etc/datalayer/cloud-credentials
{{- end }}
{{- with .Values.certificateIssuer }}
DATALAYER_CERT_ISSUER: {{ . }}
{{- end }}
{{- if eq ($variables.DATALAYER_RUNTIME_ROUTES | default "runtime") "pool" }}
# The Service that the chart of the route-controller makes for its runtime gateway.
DATALAYER_RUNTIME_GATEWAY_URL: http://datalayer-runtime-gateway-activity.{{ .Release.Namespace }}.svc:2111
{{- end }}
{{- end }}

{{/* The Secret of the administrator with the API key; empty where the operator makes its own. */}}
{{- define "runtime-controller.apiKeySecret" -}}
{{- .Values.apiKey.existingSecret | default (.Values.global).apiKeySecret | default "" -}}
{{- end }}

{{- define "runtime-controller.cloudCredentialsName" -}}
{{- .Values.cloudCredentials.create | ternary (printf "%s-cloud-credentials" .Release.Name) .Values.cloudCredentials.secretName -}}
{{- end }}
