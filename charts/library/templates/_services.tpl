{{/* A Service of a process: `serviceName`, `servicePorts` (by name of the port: the number offered), `headless`. */}}
{{- define "datalayer.service" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "datalayer.metadata" (merge (dict "name" .serviceName "annotations" (.root.Values.service).annotations) .) | nindent 2 }}
spec:
  type: ClusterIP
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  selector: {{- include "datalayer.selectorLabels" . | nindent 4 }}
  ports:
    {{- range $name, $number := .servicePorts }}
    - { name: {{ $name }}, port: {{ $number }}, targetPort: {{ $name }}, appProtocol: http }
    {{- end }}
{{- end }}

{{/* Where metrics are read, apart from the Services that others call. */}}
{{- define "datalayer.metricsService" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "datalayer.metadata" (merge (dict "name" (printf "%s-metrics" .name)) .) | nindent 2 }}
    datalayer.io/metrics: "true"
spec:
  type: ClusterIP
  clusterIP: None
  selector: {{- include "datalayer.selectorLabels" . | nindent 4 }}
  ports:
    - { name: ops, port: 8081, targetPort: ops, appProtocol: http }
{{- end }}
