/** Which processes a chart runs, and what it is for. */
export interface ChartDescription {
  /** Shown before the values. */
  introduction: string;
  /** By the path of a value that holds settings: the command whose settings they are. */
  commands: Readonly<Record<string, string>>;
  /** Its images, by the name below `datalayer/`. */
  images: readonly string[];
}

const alone = (name: string): string => `It can be installed alone:

\`\`\`sh
helm upgrade --install datalayer-${name} oci://HOST/datalayer-charts/${name} \\
  --namespace datalayer-runtimes --create-namespace --values FILE
\`\`\`

The [umbrella chart](../operator/README.md) installs it together with the other parts.`;

/** The charts that can be installed, by their folder. */
export const charts: Readonly<Record<string, ChartDescription>> = {
  operator: {
    introduction: `All of the operator: the [runtime-controller](../runtime-controller/README.md), the
[route-controller](../route-controller/README.md) and the [image-controller](../image-controller/README.md).

\`\`\`sh
helm upgrade --install datalayer-operator oci://HOST/datalayer-charts/operator \\
  --namespace datalayer-runtimes --create-namespace --values FILE
\`\`\`

Values of a part stand below its name; those of the runtime-controller below \`operator\`:

\`\`\`yaml
operator:
  env:
    DATALAYER_RUNTIMES_URL: https://r1.example.org
    DATALAYER_DOCKER_REGISTRY: registry.example.org
  certificateIssuer: letsencrypt
route-controller:
  traefikService: traefik/traefik
\`\`\`

How to install, upgrade and remove it is told in [installing](../../docs/install.md).`,
    commands: {},
    images: ["runtime-controller", "route-controller", "image-controller"],
  },
  "runtime-controller": {
    introduction: alone("runtime-controller"),
    commands: { env: "runtime-controller" },
    images: ["runtime-controller"],
  },
  "route-controller": {
    introduction: `The chart has three Deployments: the controller, the verifier that decides on requests, and the runtime gateway,
which is off unless it is asked for. ${alone("route-controller")}`,
    commands: {
      env: "route-controller",
      "verifier.env": "route-controller verifier",
      "gateway.env": "route-controller gateway",
    },
    images: ["route-controller"],
  },
  "image-controller": {
    introduction: alone("image-controller"),
    commands: { env: "image-controller" },
    images: ["image-controller"],
  },
};
