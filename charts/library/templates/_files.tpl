{{/*
The objects of files, as they are written for the namespace datalayer-runtimes and applied without Helm too. Each is moved
to the namespace of the release. What belongs to the namespaces that are watched is made in each of them: it is marked with
the annotation charts.datalayer.io/namespaces: watched, or written for the namespace `watchedAs`. Where all namespaces are
watched, rights are granted in the whole cluster, and other such objects are made in the namespace of the release.

`paths` are the files, `component` who the objects belong to. `accounts` says of ServiceAccounts, by the name that they have in
the files, what they are called (`name`), their `annotations`, and whether they are somebody else's (`create: false`).
*/}}
{{- define "datalayer.files" -}}
{{- range $path := .paths }}
{{- range $text := regexSplit "(?m)^---$" ($.root.Files.Get $path) -1 }}
{{- include "datalayer.object" (merge (dict "object" (fromYaml $text)) $) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "datalayer.object" -}}
{{- $watched := include "datalayer.watchedNamespaces" . | fromYamlArray -}}
{{- $metadata := .object.metadata -}}
{{- $mark := get ($metadata.annotations | default dict) "charts.datalayer.io/namespaces" -}}
{{- $isWatched := or (eq $mark "watched") (eq ($metadata.namespace | default "") (.watchedAs | default "-")) -}}
{{- if not $isWatched -}}
{{- $isOwn := eq ($metadata.namespace | default "") "datalayer-runtimes" -}}
{{- include "datalayer.movedObject" (merge (dict "namespace" ($isOwn | ternary .root.Release.Namespace "")) .) -}}
{{- else if not (has "*" $watched) -}}
{{- range $watched }}{{ include "datalayer.movedObject" (merge (dict "namespace" .) $) }}{{ end -}}
{{- else if has .object.kind (list "Role" "RoleBinding") -}}
{{- include "datalayer.clusterWideObject" . -}}
{{- else -}}
{{- include "datalayer.movedObject" (merge (dict "namespace" .root.Release.Namespace) .) -}}
{{- end -}}
{{- end }}

{{- define "datalayer.movedObject" -}}
{{- $object := deepCopy .object -}}
{{- $metadata := $object.metadata -}}
{{- with .namespace }}{{ $_ := set $metadata "namespace" . }}{{ end -}}
{{- $_ := set $metadata "labels" (merge (include "datalayer.labels" . | fromYaml) ($metadata.labels | default dict)) -}}
{{- $own := omit ($metadata.annotations | default dict) "charts.datalayer.io/namespaces" -}}
{{- $account := eq $object.kind "ServiceAccount" | ternary (get .accounts $metadata.name | default dict) dict -}}
{{- $_ := set $metadata "name" ($account.name | default $metadata.name) -}}
{{- $_ := unset $metadata "annotations" -}}
{{- with merge (dict) ($account.annotations | default dict) $own }}{{ $_ := set $metadata "annotations" . }}{{ end -}}
{{- include "datalayer.followAccounts" (dict "object" $object "accounts" .accounts "namespace" .root.Release.Namespace) -}}
{{- if ne (toString $account.create) "false" }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}

{{- define "datalayer.clusterWideObject" -}}
{{- $object := deepCopy .object -}}
{{- $name := printf "%s-all-namespaces" .object.metadata.name -}}
{{- $_ := set $object "kind" (printf "Cluster%s" .object.kind) -}}
{{- $_ := set $object "metadata" (dict "name" $name) -}}
{{- with $object.roleRef }}{{ $_ := set . "kind" "ClusterRole" }}{{ $_ := set . "name" $name }}{{ end -}}
{{- include "datalayer.movedObject" (merge (dict "object" $object) (omit . "object")) -}}
{{- end }}

{{/* Has what names a ServiceAccount follow its namespace and name: bindings, and the policy that trusts the operator. */}}
{{- define "datalayer.followAccounts" -}}
{{- $accounts := .accounts -}}
{{- $namespace := .namespace -}}
{{- range .object.subjects -}}
{{- $_ := set . "namespace" $namespace -}}
{{- $_ := set . "name" ((get $accounts .name).name | default .name) -}}
{{- end -}}
{{- if eq .object.kind "ValidatingAdmissionPolicy" -}}
{{- $name := (get $accounts "datalayer-operator-sa").name | default "datalayer-operator-sa" -}}
{{- range .object.spec.variables -}}
{{- if eq .name "isOperator" -}}
{{- $_ := set . "expression" (printf "request.userInfo.username == \"system:serviceaccount:%s:%s\"" $namespace $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
