/** What a test Pod with a Jupyter server is called and serves. */
export interface JupyterManifestOptions {
  name: string;
  baseUrl: string;
  token: string;
  image: string;
}

/**
 * A Pod with a Jupyter server, and the Secret with its token. As locked down as a runtime: not root, its root file
 * system read-only, its token in a file.
 */
export function jupyterManifest({ name, baseUrl, token, image }: JupyterManifestOptions): string {
  return `
apiVersion: v1
kind: Secret
metadata: { name: ${name} }
stringData: { token: ${token} }
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 100, fsGroup: 100 }
  containers:
    - name: jupyter
      image: ${image}
      env:
        - { name: DATALAYER_JUPYTER_BASE_URL, value: ${baseUrl} }
        - { name: DATALAYER_JUPYTER_TOKEN_FILE, value: /var/run/secrets/datalayer/token }
      ports: [{ name: jupyter, containerPort: 2300 }]
      readinessProbe: { tcpSocket: { port: jupyter }, periodSeconds: 1 }
      securityContext:
        readOnlyRootFilesystem: true
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: token, mountPath: /var/run/secrets/datalayer, readOnly: true }
        - { name: home, mountPath: /home/datalayer }
        - { name: tmp, mountPath: /tmp }
  volumes:
    - { name: token, secret: { secretName: ${name}, defaultMode: 288 } } # 0440
    - { name: home, emptyDir: {} }
    - { name: tmp, emptyDir: {} }
`;
}
