import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { carriesSignature, isSigned } from "./signature.ts";

const token = "token-of-the-webhook";
const body = Buffer.from('{"ref":"refs/heads/main"}');
const signatureOf = (content: Buffer, key: string): string =>
  `sha256=${createHmac("sha256", key).update(content).digest("hex")}`;

describe("a call of a webhook", () => {
  it.each([
    ["is signed as GitHub does", { "x-hub-signature-256": signatureOf(body, token) }],
    ["names the token as GitLab does", { "x-gitlab-token": token }],
  ])("comes from who has the token when it %s", (_, headers) => {
    expect(carriesSignature(headers)).toBe(true);
    expect(isSigned({ headers, body }, token)).toBe(true);
  });

  it.each([
    ["is not signed", {}],
    ["is signed by another", { "x-hub-signature-256": signatureOf(body, `${token}0`) }],
    ["was signed for another body", { "x-hub-signature-256": signatureOf(Buffer.from("{}"), token) }],
    ["has the signature without its kind", { "x-hub-signature-256": signatureOf(body, token).slice(7) }],
    ["names another token", { "x-gitlab-token": `${token}0` }],
    ["names none", { "x-gitlab-token": "" }],
    ["has the signature in the wrong header", { "x-gitlab-token": signatureOf(body, token) }],
  ])("does not when it %s", (_, headers) => {
    expect(isSigned({ headers, body }, token)).toBe(false);
  });

  it("comes from nobody when the token is empty, which anyone could sign with", () => {
    expect(isSigned({ headers: { "x-hub-signature-256": signatureOf(body, "") }, body }, "")).toBe(false);
    expect(isSigned({ headers: { "x-gitlab-token": "" }, body }, "")).toBe(false);
  });
});
