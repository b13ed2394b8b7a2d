{{- define "route-controller.notes" -}}
ROUTES are served for namespace{{ gt (len .Values.watchNamespaces) 1 | ternary "s" "" }} {{ include "datalayer.watchedNamespaces" (dict "root" .) | fromYamlArray | join ", " }}.

  kubectl rollout status deployment/datalayer-route-controller -n {{ .Release.Namespace }}
  kubectl get route-classes
  kubectl explain routes.spec

  The class "datalayer" is made once, with what is set here. Later changes are yours to make in it:
    kubectl edit route-class datalayer
{{- if .Values.verifier.enabled }}
    spec.verifier.url: http://datalayer-verifier-svc.{{ .Release.Namespace }}.svc:2113
{{- end }}
{{- if .Values.gateway.enabled }}
    spec.runtimeGateway.service: { name: datalayer-runtime-gateway-svc, port: 8080 }
{{- end }}
{{- if and .Values.gateway.enabled (not .Values.gateway.trustedProxies) (not (hasKey .Values.gateway.env "DATALAYER_GATEWAY_TRUSTED_PROXIES")) }}

  ! Runtimes behind HTTPS are told that requests came over HTTP: set gateway.trustedProxies to the network of the proxies.
{{- end }}
{{- if not .Values.traefikService }}

  ! No Traefik is named: set traefikService, or spec.traefik.service in the class.
{{- end }}
{{- end }}
