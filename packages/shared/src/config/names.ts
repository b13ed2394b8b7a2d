import { text } from "./values.ts";

/** The name of a namespace. */
export const namespaceName = text({
  pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  expected: "the name of a namespace",
});

/** The value of a setting that names watched namespaces. */
export const watchedNamespace = text({
  pattern: /^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/,
  expected: "the name of a namespace, or * for all",
});

/** The name of an object of nearly every kind. */
export const objectName = text({
  pattern: /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
  expected: "the name of an object",
});
