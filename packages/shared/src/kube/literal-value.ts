/** A value of a variable that kubelet takes as it is: it would put another variable's value in place of `$(NAME)`. */
export function literalValueOf(value: string): string {
  return value.split("$(").join("$$(");
}
