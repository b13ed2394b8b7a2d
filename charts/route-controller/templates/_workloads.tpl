{{/* The processes of the chart; see the library for the fields. */}}
{{- define "route-controller.controller" -}}
component: route-controller
repository: route-controller
account: datalayer-route-controller-sa
settings:
  {{- include "route-controller.settings" . | nindent 2 }}
  {{- with .Values.traefikService }}
  DATALAYER_TRAEFIK_SERVICE: {{ . }}
  {{- end }}
  {{- with .Values.certificateIssuer }}
  DATALAYER_CERT_ISSUER: {{ . }}
  {{- end }}
  {{- if .Values.verifier.enabled }}
  DATALAYER_VERIFIER_URL: http://datalayer-verifier-svc.{{ .Release.Namespace }}.svc:2113
  {{- end }}
  {{- if .Values.gateway.enabled }}
  DATALAYER_RUNTIME_GATEWAY_SERVICE: datalayer-runtime-gateway-svc:8080
  {{- end }}
  {{- if .Values.api.enabled }}
  {{- include "datalayer.apiKeySettings" .Values | nindent 2 }}
  {{- end }}
secretSettings: []
ports:
  {{- if .Values.api.enabled }}
  api: { number: 2112, setting: DATALAYER_ROUTES_PORT }
  {{- end }}
secretMounts:
  {{- if .Values.api.enabled }}
  {{- include "datalayer.apiKeyMount" .Values | nindent 2 }}
  {{- end }}
callers:
  api: {{- toYaml .Values.networkPolicy.callers | nindent 4 }}
{{- end }}

{{- define "route-controller.verifier" -}}
component: verifier
repository: route-controller
command: verifier
account: datalayer-verifier-sa
settings: {{- include "route-controller.settings" . | nindent 2 }}
secretSettings: []
ports:
  verify: { number: 2113, setting: DATALAYER_VERIFIER_PORT }
callers:
  verify: {{- toYaml .Values.networkPolicy.dataPlane | nindent 4 }}
{{- end }}

{{- define "route-controller.gateway" -}}
component: runtime-gateway
repository: route-controller
command: gateway
account: datalayer-runtime-gateway-sa
settings:
  {{- include "route-controller.settings" . | nindent 2 }}
  {{- include "datalayer.apiKeySettings" .Values | nindent 2 }}
  {{- with .Values.gateway.trustedProxies }}
  DATALAYER_GATEWAY_TRUSTED_PROXIES: {{ join "," . | quote }}
  {{- end }}
secretSettings: []
ports:
  proxy: { number: 8080, setting: DATALAYER_GATEWAY_PORT }
  api: { number: 2111, setting: DATALAYER_OPERATOR_PORT }
secretMounts:
  {{- include "datalayer.apiKeyMount" .Values | nindent 2 }}
callers:
  proxy: {{- toYaml .Values.networkPolicy.dataPlane | nindent 4 }}
{{- end }}

{{- define "route-controller.settings" -}}
DATALAYER_LOG_LEVEL: {{ .Values.logLevel }}
DATALAYER_LOG_FORMAT: {{ .Values.logFormat }}
DATALAYER_WATCH_NAMESPACES: {{ include "datalayer.watchedNamespaces" (dict "root" .) | fromYamlArray | join "," | quote }}
{{- end }}

{{/* What runs, as a list. */}}
{{- define "route-controller.components" -}}
- route-controller
{{- if .Values.verifier.enabled }}
- verifier
{{- end }}
{{- if .Values.gateway.enabled }}
- runtime-gateway
{{- end }}
{{- end }}
