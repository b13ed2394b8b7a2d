{{/*
The environment of a process. `settings` is what the chart itself sets, `values.env` what the administrator sets, which
stands over it. The API key is not part of it: there is one Secret for all who need it. Numbers are written as JSON does:
Helm reads large ones as floating-point.
*/}}
{{- define "datalayer.environment" -}}
{{- $own := omit (.values.env | default dict) "DATALAYER_OPERATOR_API_KEY" "DATALAYER_OPERATOR_API_KEY_PREVIOUS" -}}
{{- $all := dict -}}
{{- range $name, $value := .settings }}{{ if not (hasKey $own $name) }}{{ $_ := set $all $name $value }}{{ end }}{{ end -}}
{{- range $name, $value := $own -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $_ := set $all $name (kindIs "string" $value | ternary $value (toJson $value)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}

{{/* What of it nobody may read in the Deployment: by its name, whether we know it or not. */}}
{{- define "datalayer.secretEnvironment" -}}
{{- $secret := dict -}}
{{- $settings := .settings -}}
{{- range $name, $value := include "datalayer.environment" . | fromYaml -}}
{{- if and (regexMatch "(KEY|ACCESS_KEY_ID|TOKEN|PASSWORD|CLIENT_SECRET)(_PREVIOUS)?$" $name) (not (hasKey $settings $name)) -}}
{{- $_ := set $secret $name $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $secret -}}
{{- end }}

{{/* Secrets that the process can read from a file come as a file, which it follows; others can only be variables. */}}
{{- define "datalayer.env" -}}
{{- $secret := include "datalayer.secretEnvironment" . | fromYaml -}}
{{- $secretName := include "datalayer.environmentSecretName" . -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
{{- range $name, $value := include "datalayer.environment" . | fromYaml }}
{{- if not (hasKey $secret $name) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- else if has $name $.secretSettings }}
- name: {{ $name }}_FILE
  value: /etc/datalayer/environment/{{ $name }}
{{- else }}
- name: {{ $name }}
  valueFrom: { secretKeyRef: { name: {{ $secretName }}, key: {{ $name }} } }
{{- end }}
{{- end }}
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "datalayer.environmentSecretName" -}}
datalayer-{{ .component }}-environment
{{- end }}

{{- define "datalayer.environmentSecret" -}}
{{- with include "datalayer.secretEnvironment" . | fromYaml }}
---
apiVersion: v1
kind: Secret
metadata:
  {{- include "datalayer.metadata" (merge (dict "name" (include "datalayer.environmentSecretName" $)) $) | nindent 2 }}
stringData: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
