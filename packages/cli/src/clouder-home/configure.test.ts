import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ClouderHome } from "../../test/clouder.ts";
import { ctrlC } from "../../test/on-terminal.ts";

let clouder: ClouderHome;
beforeEach(async () => {
  clouder = await ClouderHome.create({});
});

const stored = ".clouder/clouds/aws/aws.yaml";
const secretAccessKey = "a-secret-of-forty-characters-0123456789a";

describe("clouder configure on a terminal", () => {
  it("asks for what is not given, and shows no secret", async () => {
    const { code, shown } = await clouder.onTerminal(
      ["aws", "configure", "--no-check", "--region", "eu-west-1"],
      [
        ["Access key id", "AKIAIOSFODNN7EXAMPLE\r"],
        ["Secret access key", `${secretAccessKey}\r`],
      ],
    );
    expect({ code, shown }).toMatchObject({ code: 0 });
    expect(parse(await clouder.read(stored))).toEqual({
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey,
      region: "eu-west-1",
    });
    expect(shown).not.toContain(secretAccessKey);
  });

  it("ends at Ctrl-C as an interrupted command does, and stores nothing", async () => {
    const { code, shown } = await clouder.onTerminal(["aws", "configure"], [["Access key id", ctrlC]]);
    expect({ code, shown }).toMatchObject({ code: 130 });
    expect(shown).not.toContain("Error");
    await expect(clouder.read(stored)).rejects.toThrow("ENOENT");
  });
});
