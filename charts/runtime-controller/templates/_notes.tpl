{{- define "runtime-controller.notes" -}}
{{- $namespace := .Release.Namespace -}}
{{- $variables := .Values.env | default dict -}}
RUNTIMES are kept warm for namespace{{ gt (len .Values.watchNamespaces) 1 | ternary "s" "" }} {{ include "datalayer.watchedNamespaces" (dict "root" .) | fromYamlArray | join ", " }}.

  kubectl rollout status deployment/datalayer-runtime-controller -n {{ $namespace }}
  kubectl explain runtime-pools.spec
  kubectl get runtime-pools -A

  REST API   http://datalayer-operator-svc.{{ $namespace }}.svc:2111/api/operator
  its key    kubectl get secret {{ include "datalayer.apiKeySecretName" .Values }} -n {{ $namespace }} -o jsonpath='{.data.{{ .Values.apiKey.key }}}' | base64 -d
{{- if has "*" (include "datalayer.watchedNamespaces" (dict "root" .) | fromYamlArray) }}

  ! All namespaces are watched, and what runtimes need is made in {{ $namespace }} only: the NetworkPolicy datalayer-runtimes,
    which closes them off, the PodDisruptionBudget assigned-runtimes and the ServiceAccount datalayer-runtimes-sa. Make them in
    every other namespace with pools too; or name the namespaces in watchNamespaces.
{{- end }}
{{- if not $variables.DATALAYER_RUNTIMES_URL }}

  ! Users reach no runtime yet: say under which address, with env.DATALAYER_RUNTIMES_URL.
{{- end }}
{{- if eq (int .Values.replicas) 0 }}

  ! No replica runs (replicas: 0): runtimes that are there stay, and nobody gets one.
{{- end }}
{{- if and (not .Values.cloudCredentials.enabled) (eq (toString $variables.DATALAYER_SCALING_DRY_RUN) "false") }}

  ! Nodes shall be scaled, and there are no credentials of a cloud: set cloudCredentials.enabled.
{{- end }}
{{- end }}
