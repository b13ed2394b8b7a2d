/** A wheel of the index. */
export interface IndexedWheel {
  /** Its file, below `wheels/`. */
  file: string;
  /** In hexadecimal. */
  sha256: string;
}

/**
 * The pages of a package index (PEP 503), by their paths below `simple/`. They refer to the wheels by paths that
 * hold wherever the index is served, and pip checks what it gets against the checksums in them.
 */
export function indexPages(wheels: readonly IndexedWheel[]): Map<string, string> {
  const projects = Map.groupBy(wheels, ({ file }) => projectOf(file));
  const names = [...projects.keys()].sort();
  const pages = new Map([["index.html", page(names.map((name) => link(`${name}/`, name)))]]);
  for (const [name, files] of projects) {
    const links = files.map(({ file, sha256 }) => link(`../../wheels/${file}#sha256=${sha256}`, file));
    pages.set(`${name}/index.html`, page(links));
  }
  return pages;
}

/** The name by which an index knows the project of a wheel. */
function projectOf(file: string): string {
  return (file.split("-")[0] ?? "").toLowerCase().replaceAll(/[-_.]+/g, "-");
}

function link(target: string, text: string): string {
  return `<a href="${target}">${text}</a>`;
}

function page(links: readonly string[]): string {
  return `<!DOCTYPE html>\n${links.join("\n")}\n`;
}
