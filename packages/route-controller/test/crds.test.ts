import { testDefinitions } from "@datalayer/shared/kube/testkit/definitions";

await testDefinitions("route-controller", { routes: "Namespaced", "route-classes": "Cluster" });
