{{/*
Names and labels. Names do not depend on the release: one operator serves a cluster, whose definitions and rights exist
once, and who calls it or looks for it has to know its names.

`root` is the scope of the chart, `component` the process.
*/}}

{{- define "datalayer.labels" -}}
{{- $labels := include "datalayer.selectorLabels" . | fromYaml -}}
{{- $_ := merge $labels (dict
  "app.kubernetes.io/name" "datalayer-operator"
  "app.kubernetes.io/instance" .root.Release.Name
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/managed-by" .root.Release.Service
  "app.kubernetes.io/part-of" "datalayer"
) (.root.Values.commonLabels | default dict) -}}
{{- toYaml $labels -}}
{{- end }}

{{/* Both are in every selector, since Pods of one release share the first. They can never change. */}}
{{- define "datalayer.selectorLabels" -}}
app: operator
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "datalayer.metadata" -}}
name: {{ .name }}
namespace: {{ .namespace | default .root.Release.Namespace }}
labels: {{- include "datalayer.labels" . | nindent 2 }}
{{- with .annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The image of the chart: one reference as it is, or parts. */}}
{{- define "datalayer.image" -}}
{{- $image := .root.Values.image | default dict -}}
{{- if kindIs "string" $image -}}
{{ $image }}
{{- else -}}
{{- with (.root.Values.global).imageRegistry | default $image.registry }}{{ . }}/{{ end -}}
{{ $image.repository | default (printf "datalayer/%s" .repository) }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "datalayer.imagePullPolicy" -}}
{{- $image := .root.Values.image | default dict -}}
{{- if kindIs "map" $image }}{{ $image.pullPolicy | default "IfNotPresent" }}{{ else }}IfNotPresent{{ end -}}
{{- end }}

{{/* The namespaces that are watched, as a list; by default that of the release. */}}
{{- define "datalayer.watchedNamespaces" -}}
{{- toYaml (.root.Values.watchNamespaces | default (list .root.Release.Namespace)) -}}
{{- end }}

{{/* The account of a process: its own name, unless the chart says otherwise. */}}
{{- define "datalayer.accountName" -}}
{{- (.values.serviceAccount).name | default .account -}}
{{- end }}
