import { z } from "zod";
import { type Account, type AccountKind, secretSchema } from "../clouder-home/account.ts";

const schema = z.object({
  accessKeyId: z
    .string({ error: "expected a text" })
    .regex(/^[A-Z0-9]{16,128}$/, { error: "expected 16 or more capitals and digits, such as AKIA..." }),
  secretAccessKey: secretSchema,
  region: z
    .string({ error: "expected a text" })
    .regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, { error: "expected a region, such as eu-west-1" }),
});

/** A part of an access key. */
export type AwsPart = keyof z.infer<typeof schema>;

/** An access key of a user, and the region that it is for. */
export type AccessKey = Account<AwsPart>;

/** How clouder signs in to AWS. */
export const awsAccount: AccountKind<AwsPart> = {
  cloud: "aws",
  name: "access key",
  schema,
  parts: {
    accessKeyId: { flag: "--access-key-id", variables: ["AWS_ACCESS_KEY_ID"], question: "Access key id:" },
    secretAccessKey: {
      flag: "--secret-access-key",
      variables: ["AWS_SECRET_ACCESS_KEY"],
      question: "Secret access key:",
    },
    region: { flag: "--region", variables: ["AWS_REGION", "AWS_DEFAULT_REGION"], question: "Region:" },
  },
  identity: "accessKeyId",
  secret: "secretAccessKey",
};
