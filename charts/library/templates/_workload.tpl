{{/*
All objects of one process. Fields:

root            the scope of the chart
values          the values of this process: those of the chart, or a part of them
component       its name without "datalayer-", and its label
repository      its image, without the registry's name and "datalayer/"
command         its first argument; none for a controller
account         its ServiceAccount, as the files of the chart name it
settings        the variables that the chart sets
secretSettings  the settings that may come from a file
ports           by name: its number and the setting that changes it; the one called "ops" is always there
secretMounts    Secrets mounted below /etc/datalayer: `name`, `secretName`, `items`
workFolder      what it may write, and how much: `path`, `sizeLimit`; nothing by default
secretVariables Secrets whose entries become variables
callers         by port: the NetworkPolicy peers that may reach it
*/}}
{{- define "datalayer.workload" -}}
{{- $workload := merge (dict "name" (printf "datalayer-%s" .component)) . -}}
{{- include "datalayer.environmentSecret" $workload }}
{{- include "datalayer.deployment" $workload }}
{{- include "datalayer.metricsService" $workload }}
{{- include "datalayer.autoscaler" $workload }}
{{- include "datalayer.disruptionBudget" $workload }}
{{- include "datalayer.networkPolicy" $workload }}
{{- end }}

{{- define "datalayer.deployment" }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "datalayer.metadata" . | nindent 2 }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  # A new replica is ready before an old one goes.
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector:
    matchLabels: {{- include "datalayer.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "datalayer.labels" . | nindent 8 }}
        {{- with .root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .component }}
        {{- with .root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec: {{- include "datalayer.podSpec" . | nindent 6 }}
{{- end }}

{{- define "datalayer.podSpec" -}}
{{- $chart := .root.Values -}}
serviceAccountName: {{ include "datalayer.accountName" . }}
automountServiceAccountToken: true
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
securityContext: {{- toYaml $chart.podSecurityContext | nindent 2 }}
{{- with concat (($chart.global).imagePullSecrets | default list) $chart.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $chart.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $chart.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $chart.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $chart.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $chart.topologySpread }}
topologySpreadConstraints:
  {{- range . }}
  - labelSelector:
      matchLabels: {{- include "datalayer.selectorLabels" $ | nindent 8 }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
containers:
  - name: {{ .component }}
    {{- include "datalayer.container" . | nindent 4 }}
{{- with include "datalayer.volumes" . | trim }}
volumes: {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "datalayer.container" -}}
image: {{ include "datalayer.image" . | quote }}
imagePullPolicy: {{ include "datalayer.imagePullPolicy" . }}
{{- with .command }}
args: [{{ . }}]
{{- end }}
securityContext: {{- toYaml .root.Values.securityContext | nindent 2 }}
env: {{- include "datalayer.env" . | nindent 2 }}
{{- with concat .root.Values.extraEnvFrom (.secretVariables | default list) }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  {{- range $name, $port := include "datalayer.ports" . | fromYaml }}
  - { name: {{ $name }}, containerPort: {{ $port }} }
  {{- end }}
startupProbe:
  httpGet: { path: /livez, port: ops }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: ops }
  {{- toYaml .root.Values.livenessProbe | nindent 2 }}
readinessProbe:
  httpGet: { path: /readyz, port: ops }
  {{- toYaml .root.Values.readinessProbe | nindent 2 }}
resources: {{- toYaml .values.resources | nindent 2 }}
{{- with include "datalayer.volumeMounts" . | trim }}
volumeMounts: {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* By name: the number that the process listens on. A setting in `env` changes it. */}}
{{- define "datalayer.ports" -}}
{{- $environment := include "datalayer.environment" . | fromYaml -}}
{{- $ports := merge (dict "ops" (dict "number" 8081 "setting" "DATALAYER_OPS_PORT")) (.ports | default dict) -}}
{{- range $name, $port := $ports }}
{{ $name }}: {{ get $environment $port.setting | default $port.number | int }}
{{- end }}
{{- end }}

{{/* Mode 288 is 0440: for the group of the Pod, and as a number that all readers of YAML take for the same. */}}
{{- define "datalayer.volumes" -}}
{{- if include "datalayer.secretEnvironment" . | fromYaml }}
- name: environment
  secret: { secretName: {{ include "datalayer.environmentSecretName" . }}, defaultMode: 288 }
{{- end }}
{{- range .secretMounts }}
- name: {{ .name }}
  secret:
    secretName: {{ .secretName }}
    defaultMode: 288
    {{- with .items }}
    items: {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- with .workFolder }}
- name: work
  emptyDir: { sizeLimit: {{ .sizeLimit }} }
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "datalayer.volumeMounts" -}}
{{- if include "datalayer.secretEnvironment" . | fromYaml }}
- { name: environment, mountPath: /etc/datalayer/environment, readOnly: true }
{{- end }}
{{- range .secretMounts }}
- { name: {{ .name }}, mountPath: /etc/datalayer/{{ .name }}, readOnly: true }
{{- end }}
{{- with .workFolder }}
- { name: work, mountPath: {{ .path }} }
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
