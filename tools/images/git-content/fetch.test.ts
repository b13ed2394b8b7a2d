import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";

const program = join(import.meta.dirname, "fetch.py");
const revision = "a".repeat(40);

/** What the fetcher says when it is asked for this; it never gets as far as a repository here. */
async function refusalOf(content: Record<string, string>): Promise<string> {
  const variables = Object.entries({ NAME: "course", REVISION: revision, ...content });
  const env = Object.fromEntries(variables.map(([name, value]) => [`DATALAYER_CONTENT_${name}`, value]));
  const ended = await execa("python3", [program], {
    env: { ...env, KUBERNETES_SERVICE_HOST: "10.96.0.1" },
    reject: false,
  });
  expect(ended.exitCode).toBe(1);
  return ended.stderr;
}

describe("the fetcher of git contents", () => {
  it.each([
    ...["http://git.example.org/a", "git://git.example.org/a", "file:///etc", "/etc", "ext::sh -c id"],
    ...["--upload-pack=id", "https:///a", "https://-oProxyCommand=id/a", "ssh://git@-oProxyCommand=id/a"],
    ...["git@-oProxyCommand=id:a", "https://git.example.org:x/a", "https://git.example.org/a b"],
  ])("refuses the source %s", async (source) => {
    expect(await refusalOf({ SOURCE: source })).toContain(
      `RuntimeContent course: SourceRefused: ${source}: expected`,
    );
  });

  it.each(["https://user:canary@git.example.org/a", "https://user@git.example.org/a"])(
    "refuses credentials in the source, without repeating them: %s",
    async (source) => {
      const refusal = await refusalOf({ SOURCE: source });
      expect(refusal).toContain("expected them in the Secret");
      expect(refusal).not.toContain("canary");
    },
  );

  it.each([
    ...[
      "https://127.0.0.1/a",
      "https://2130706433/a",
      "https://0x7f.1/a",
      "https://0.0.0.0/a",
      "https://localhost/a",
    ],
    ...[
      "https://169.254.169.254/latest",
      "ssh://git@169.254.1.1/a",
      "git@127.0.0.1:a",
      "https://224.0.0.1/a",
    ],
    ...[
      "https://[::1]/a",
      "https://[::ffff:169.254.169.254]/a",
      "https://[fe80::1]/a",
      "https://[fd00:ec2::254]/a",
    ],
    ...["https://[64:ff9b::a9fe:a9fe]/a", "https://[64:ff9b::127.0.0.1]/a", "https://[64:ff9b::10.96.0.1]/a"],
    ...["https://10.96.0.1/a", "https://100.100.100.200/a", "https://192.0.0.192/a"],
  ])("never speaks to %s", async (source) => {
    expect(await refusalOf({ SOURCE: source })).toContain("AddressRefused");
  });

  it.each(["main", "A".repeat(40), "a".repeat(39), "--option"])("refuses the revision %s", async (name) => {
    const refusal = await refusalOf({ SOURCE: "https://git.example.org/a", REVISION: name });
    expect(refusal).toContain(`RevisionRefused: ${name} is not a commit`);
  });

  it("does not print control characters", async () => {
    expect(await refusalOf({ SOURCE: "https://git.example.org/\u001b[31m" })).not.toContain("\u001b");
  });
});
