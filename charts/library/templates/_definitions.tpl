{{/*
The CustomResourceDefinitions, in templates and not in `crds/`, so that an upgrade of the chart upgrades them. Their annotation
helm.sh/resource-policy has them stay when the release goes, and with them what users made. The text is kept as it is, but
for labels.
*/}}
{{- define "datalayer.definitions" -}}
{{- $crds := .root.Values.crds -}}
{{- $install := true -}}
{{- if kindIs "map" $crds }}{{ $install = dig "install" true $crds }}{{ else if kindIs "bool" $crds }}{{ $install = $crds }}{{ end -}}
{{- if $install }}
{{- $head := printf "metadata:\n  labels:\n%s\n" (include "datalayer.labels" . | indent 4) }}
{{- range $path, $file := .root.Files.Glob "files/crds/*.yaml" }}
---
{{ regexReplaceAllLiteral "(?m)^metadata:\n" (toString $file) $head | trim }}
{{- end }}
{{- end }}
{{- end }}

{{/*
What may be granted to people: to read the kinds of the chart with the role "view", to change those in namespaces with
"edit" and "admin".
*/}}
{{- define "datalayer.userRoles" -}}
{{- if .root.Values.rbac.aggregate }}
{{- $all := list }}
{{- $namespaced := list }}
{{- range $path, $file := .root.Files.Glob "files/crds/*.yaml" }}
{{- $spec := (fromYaml (toString $file)).spec }}
{{- $all = append $all $spec.names.plural }}
{{- if eq $spec.scope "Namespaced" }}{{ $namespaced = append $namespaced $spec.names.plural }}{{ end }}
{{- end }}
{{- if $all }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: datalayer-{{ .component }}-view
  labels:
    {{- include "datalayer.labels" . | nindent 4 }}
    rbac.authorization.k8s.io/aggregate-to-view: "true"
    rbac.authorization.k8s.io/aggregate-to-edit: "true"
    rbac.authorization.k8s.io/aggregate-to-admin: "true"
rules:
  - apiGroups: [datalayer.io]
    resources: [{{ join ", " $all }}]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: datalayer-{{ .component }}-edit
  labels:
    {{- include "datalayer.labels" . | nindent 4 }}
    rbac.authorization.k8s.io/aggregate-to-edit: "true"
    rbac.authorization.k8s.io/aggregate-to-admin: "true"
rules:
  - apiGroups: [datalayer.io]
    resources: [{{ join ", " $namespaced }}]
    verbs: [create, update, patch, delete, deletecollection]
{{- end }}
{{- end }}
{{- end }}
