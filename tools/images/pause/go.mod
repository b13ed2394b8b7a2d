// The process that holds a Pod's namespaces, and the first process of the local cluster's node.
module datalayer.io/operator/tools/images/pause

go 1.26.0
