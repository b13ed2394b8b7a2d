{{/* Objects of the administrator's own, which may be templates. */}}
{{- define "datalayer.extraObjects" -}}
{{- range .Values.extraObjects }}
---
{{ tpl (kindIs "string" . | ternary . (toYaml .)) $ }}
{{- end }}
{{- end }}
