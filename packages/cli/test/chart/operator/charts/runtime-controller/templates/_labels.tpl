{{- define "runtime-controller.labels" -}}
app: operator
app.kubernetes.io/component: runtime-controller
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: datalayer
app.kubernetes.io/version: {{ .Chart.AppVersion }}
{{- end }}

{{- define "runtime-controller.secretName" -}}
{{- with .Values.cloudCredentials }}{{ .create | ternary (printf "%s-cloud-credentials" $.Release.Name) .secretName }}{{ end -}}
{{- end }}
