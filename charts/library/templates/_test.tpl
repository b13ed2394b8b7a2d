{{/* A Pod of `helm test`: it asks each of `urls`, and fails when one does not answer well; its log says which. */}}
{{- define "datalayer.test" }}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ .name }}-test
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "datalayer.labels" (dict "root" .root "component" "test") | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext: {{- toYaml .root.Values.podSecurityContext | nindent 4 }}
  {{- with concat ((.root.Values.global).imagePullSecrets | default list) .root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: test
      image: {{ include "datalayer.image" . | quote }}
      imagePullPolicy: {{ include "datalayer.imagePullPolicy" . }}
      securityContext: {{- toYaml .root.Values.securityContext | nindent 8 }}
      command:
        - node
        - --input-type=module
        - --eval
        - |
          for (const url of process.argv.slice(1)) {
            const none = ({ message, cause }) => ({ status: cause?.message ?? message, ok: false });
            const { status, ok } = await fetch(url, { signal: AbortSignal.timeout(30_000) }).catch(none);
            console.log(`${url}: ${status}`);
            if (!ok) process.exitCode = 1;
          }
        - --
        {{- range .urls }}
        - {{ . }}
        {{- end }}
      resources:
        requests: { cpu: 50m, memory: 64Mi }
        limits: { memory: 128Mi }
{{- end }}
