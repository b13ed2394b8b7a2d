{{/*
The key of the REST API for those who did not make it: a Secret of the administrator, or that of the operator. A Pod waits
until it is there. Each takes the values of a chart.
*/}}
{{- define "datalayer.apiKeySecretName" -}}
{{- .apiKey.existingSecret | default (.global).apiKeySecret | default "datalayer-operator-api-key" -}}
{{- end }}

{{- define "datalayer.apiKeyMount" -}}
- name: api-key
  secretName: {{ include "datalayer.apiKeySecretName" . }}
  items: [{ key: {{ .apiKey.key }}, path: apiKey }{{ with .apiKey.previousKey }}, { key: {{ . }}, path: previousApiKey }{{ end }}]
{{- end }}

{{- define "datalayer.apiKeySettings" -}}
DATALAYER_OPERATOR_API_KEY_FILE: /etc/datalayer/api-key/apiKey
{{- if .apiKey.previousKey }}
DATALAYER_OPERATOR_API_KEY_PREVIOUS_FILE: /etc/datalayer/api-key/previousApiKey
{{- end }}
{{- end }}

{{/* Where a chart only reads the key, it is no value: there would be two of them. */}}
{{- define "datalayer.refuseApiKey" -}}
{{- range $name := list "DATALAYER_OPERATOR_API_KEY" "DATALAYER_OPERATOR_API_KEY_PREVIOUS" -}}
{{- if hasKey ($.env | default dict) $name -}}
{{- fail (printf "%s.%s: expected none; the key is read from the Secret %s (apiKey.existingSecret)" $.path $name (include "datalayer.apiKeySecretName" $.values)) -}}
{{- end -}}
{{- end -}}
{{- end }}
