import { expect, it } from "vitest";
import { indexPages } from "./pages.ts";

it("lists projects by their normalised names, and their wheels with checksums", () => {
  const pages = indexPages([
    { file: "Jupyter_Server.Tools-2.1-py3-none-any.whl", sha256: "aa" },
    { file: "attrs-1.0-py3-none-any.whl", sha256: "bb" },
    { file: "attrs-2.0-py3-none-any.whl", sha256: "cc" },
  ]);
  expect(Object.fromEntries(pages)).toEqual({
    "index.html": `<!DOCTYPE html>
<a href="attrs/">attrs</a>
<a href="jupyter-server-tools/">jupyter-server-tools</a>
`,
    "jupyter-server-tools/index.html": `<!DOCTYPE html>
<a href="../../wheels/Jupyter_Server.Tools-2.1-py3-none-any.whl#sha256=aa">Jupyter_Server.Tools-2.1-py3-none-any.whl</a>
`,
    "attrs/index.html": `<!DOCTYPE html>
<a href="../../wheels/attrs-1.0-py3-none-any.whl#sha256=bb">attrs-1.0-py3-none-any.whl</a>
<a href="../../wheels/attrs-2.0-py3-none-any.whl#sha256=cc">attrs-2.0-py3-none-any.whl</a>
`,
  });
});
