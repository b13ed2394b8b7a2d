{{/* The process of the chart; see the library for the fields. */}}
{{- define "image-controller.workload" -}}
component: image-controller
repository: image-controller
account: datalayer-image-controller-sa
settings:
  DATALAYER_LOG_LEVEL: {{ .Values.logLevel }}
  DATALAYER_LOG_FORMAT: {{ .Values.logFormat }}
  DATALAYER_WATCH_NAMESPACES: {{ join "," .Values.watchNamespaces | quote }}
  {{- if .Values.api.enabled }}
  {{- include "datalayer.apiKeySettings" .Values | nindent 2 }}
  {{- end }}
secretSettings: []
ports:
  {{- if .Values.api.enabled }}
  api: { number: 2114, setting: DATALAYER_IMAGES_PORT }
  {{- end }}
secretMounts:
  {{- if .Values.api.enabled }}
  {{- include "datalayer.apiKeyMount" .Values | nindent 2 }}
  {{- end }}
{{- /* What is looked at of a repository lies here for the time of the look: up to 512Mi, and 16 at once. */}}
workFolder: { path: /tmp, sizeLimit: 10Gi }
callers:
  api: {{- toYaml .Values.networkPolicy.callers | nindent 4 }}
{{- end }}
