/** What is built: a Dockerfile, and the files beside it. */
export interface BuildContext {
  dockerfile: string;
  files: readonly ContextFile[];
}

/** A file beside a Dockerfile. */
export interface ContextFile {
  path: string;
  content: string;
}
