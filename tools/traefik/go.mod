// Gives the custom resource definitions that Traefik reads. They are those of the whole 3.7 line: the program itself
// comes from the wheel that requirements.txt pins, and its release may be a later patch.
module datalayer.io/operator/tools/traefik

go 1.26.0

require github.com/traefik/traefik/v3 v3.7.13
