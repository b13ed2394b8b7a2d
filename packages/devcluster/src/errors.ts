/** Something the reader has to do or correct first; its message alone is shown, without a stack. */
export class UserError extends Error {
  override name = "UserError";
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
