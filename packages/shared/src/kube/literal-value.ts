/**
 * A value of a variable or an argument that kubelet takes as it is: it would put a variable's value in place of
 * `$(NAME)`, and one `$` in place of two.
 */
export function literalValueOf(value: string): string {
  return value.split("$").join("$$");
}
