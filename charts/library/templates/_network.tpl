{{/*
Who may reach a process, port by port; everyone else is refused. The kubelet, which probes from the node, always may:
Kubernetes lets a node reach its Pods.
*/}}
{{- define "datalayer.networkPolicy" }}
{{- if .root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{- include "datalayer.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels: {{- include "datalayer.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    {{- $callers := merge (dict "ops" .root.Values.networkPolicy.scrapers) (.callers | default dict) }}
    {{- range $name, $port := include "datalayer.ports" . | fromYaml }}
    - ports: [{ port: {{ $port }}, protocol: TCP }]
      from:
        - podSelector: { matchLabels: { app: operator } }
        {{- with get $callers $name }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- end }}
{{- end }}
{{- end }}
