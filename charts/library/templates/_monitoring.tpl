{{/* What watches the processes of a chart: `components` are those that run. */}}
{{- define "datalayer.monitoring" -}}
{{- include "datalayer.serviceMonitor" . }}
{{- include "datalayer.prometheusRule" . }}
{{- include "datalayer.dashboards" . }}
{{- end }}

{{/* One for all processes of the chart; their names become the label `job`, which rules and dashboards go by. */}}
{{- define "datalayer.serviceMonitor" }}
{{- with .root.Values.serviceMonitor }}
{{- if .enabled }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "datalayer.metadata" (merge (dict "name" (printf "datalayer-%s" $.component) "namespace" .namespace) $) | nindent 2 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  jobLabel: app.kubernetes.io/component
  namespaceSelector: { matchNames: [{{ $.root.Release.Namespace }}] }
  selector:
    matchLabels: { datalayer.io/metrics: "true" }
    matchExpressions:
      - { key: app.kubernetes.io/component, operator: In, values: [{{ join ", " $.components }}] }
  endpoints:
    - port: ops
      path: /metrics
      interval: {{ .interval }}
      scrapeTimeout: {{ .scrapeTimeout }}
      {{- with .relabelings }}
      relabelings: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .metricRelabelings }}
      metricRelabelings: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "datalayer.prometheusRule" }}
{{- with .root.Values.prometheusRule }}
{{- if .enabled }}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  {{- include "datalayer.metadata" (merge (dict "name" (printf "datalayer-%s" $.component) "namespace" .namespace) $) | nindent 2 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  groups: {{- include "datalayer.alertGroups" $ | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{/* The alerts of the chart, and for each of its processes those that every process has. */}}
{{- define "datalayer.alertGroups" -}}
{{- $values := .root.Values.prometheusRule -}}
{{- $common := (index .root.Subcharts "datalayer-library").Files.Get "files/alerts/process.yaml" -}}
{{- $texts := list -}}
{{- range .components }}{{ $texts = append $texts (replace "$job" . $common) }}{{ end -}}
{{- range $path, $file := .root.Files.Glob "files/alerts/*.yaml" }}{{ $texts = append $texts (toString $file) }}{{ end -}}
{{- $groups := list -}}
{{- range $texts -}}
{{- range (fromYaml .).groups -}}
{{- $name := .name -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- if not (has .alert $values.disabled) -}}
{{- $rules = append $rules (include "datalayer.alert" (dict "rule" . "values" $values) | fromYaml) -}}
{{- end -}}
{{- end -}}
{{- with $rules }}{{ $groups = append $groups (dict "name" $name "rules" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end }}

{{/* An alert with the labels of the administrator, and where to read what to do. */}}
{{- define "datalayer.alert" -}}
{{- $page := printf "%s.md" .rule.alert -}}
{{- $annotations := dict "runbook" (printf "docs/runbooks/%s" $page) -}}
{{- with .values.runbookUrl }}{{ $annotations = dict "runbook_url" (printf "%s/%s" (trimSuffix "/" .) $page) }}{{ end -}}
{{- $labels := merge (dict) (.values.alertLabels | default dict) (.rule.labels | default dict) -}}
{{- toYaml (merge (dict "labels" $labels "annotations" (merge $annotations .rule.annotations)) .rule) -}}
{{- end }}

{{/* A ConfigMap for each, which Grafana's sidecar finds by its label. */}}
{{- define "datalayer.dashboards" }}
{{- with .root.Values.dashboards }}
{{- if .enabled }}
{{- $values := . }}
{{- range $path, $file := $.root.Files.Glob "files/dashboards/*.json" }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "datalayer.metadata" (merge (dict "name" (printf "datalayer-dashboard-%s" (base $path | trimSuffix ".json")) "namespace" $values.namespace "annotations" $values.annotations) $) | nindent 2 }}
    {{ $values.labelKey }}: {{ $values.labelValue | quote }}
data:
  {{ base $path }}: |-
    {{- toString $file | trim | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
