// Gives the custom resource definitions of the Gateway API, of the release that the pinned Traefik speaks.
module datalayer.io/operator/tools/gateway-api

go 1.26.0

require sigs.k8s.io/gateway-api v1.6.1
