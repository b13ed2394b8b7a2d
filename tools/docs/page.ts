/** What of a Markdown page matters to links. */
export interface Page {
  /** The targets of its links and images, as written. */
  links: string[];
  /** Where links to the page may lead: its headings, as GitHub names them, and explicit anchors. */
  anchors: string[];
}

/** Reads a page; what stands in code is neither a link nor a heading. */
export function parsePage(markdown: string): Page {
  const prose = markdown
    .replaceAll(/^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ {0,3}\1[`~]*[ \t]*$/gm, "")
    .replaceAll(/<!--[\s\S]*?-->/g, "");
  const links = [
    ...prose
      .replaceAll(/(`+)[^`][\s\S]*?\1/g, "")
      .matchAll(/\]\(\s*<?((?:[^\s<>()]|\([^\s()]*\))+)>?[^)]*\)/g),
    ...prose.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/gm),
  ];
  const headings = [...prose.matchAll(/^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$/gm)];
  const explicit = [...prose.matchAll(/<[a-z]+\s[^>]*\b(?:id|name)="([^"]+)"/g)];
  return { links: texts(links), anchors: [...numbered(texts(headings).map(slugOf)), ...texts(explicit)] };
}

function texts(matches: readonly RegExpMatchArray[]): string[] {
  return matches.map((match) => match[1] ?? "");
}

/** Lower case, without markup and punctuation, spaces as dashes. */
function slugOf(heading: string): string {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

/** The second heading of a name gets `-1`, and so on. */
function numbered(slugs: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return slugs.map((slug) => {
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}
