{{- define "image-controller.notes" -}}
IMAGES are built in namespace{{ gt (len .Values.watchNamespaces) 1 | ternary "s" "" }} {{ .Values.watchNamespaces | join ", " }}.

  kubectl rollout status deployment/datalayer-image-controller -n {{ .Release.Namespace }}
  kubectl explain images.datalayer.io.spec
{{- if has "*" .Values.watchNamespaces }}

  ! All namespaces are watched, and builds are closed off from the metadata of the cloud in {{ .Release.Namespace }} only. Every
    other namespace with Images needs a NetworkPolicy like datalayer-builds, and a Pod Security level that lets rootless
    BuildKit run; or name the namespaces in watchNamespaces.
{{- else if not .Values.builds.createNamespaces }}

  ! These namespaces have to exist, with a Pod Security level that lets rootless BuildKit run:
    kubectl label namespace <name> pod-security.kubernetes.io/enforce=privileged
{{- end }}
{{- end }}
