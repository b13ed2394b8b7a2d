import { z } from "zod";
import type { Variables } from "../claim-secret/claim-secret.ts";

const maxVariables = 100;
const maxValueLength = 65_536;
const maxTotalBytes = 262_144;

// Those that change how programs start, or belong to the platform.
const reservedNames = "BASH_ENV ENV HOME IFS NODE_OPTIONS PATH PYTHONHOME PYTHONPATH PYTHONSTARTUP".split(
  " ",
);
const reservedPrefixes = ["DATALAYER_", "DYLD_", "JPY_", "JUPYTER_", "KUBERNETES_", "LD_"];

function isReserved(name: string): boolean {
  return reservedNames.includes(name) || reservedPrefixes.some((prefix) => name.startsWith(prefix));
}

const variable = z.object({
  name: z
    .string()
    .max(128)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "takes letters, digits and '_', and does not start with a digit")
    .refine((name) => !isReserved(name), "is reserved"),
  value: z
    .string()
    .max(maxValueLength)
    // Neither can be in the environment of a process.
    .refine((value) => !value.includes("\0") && value.isWellFormed(), "takes text without NUL"),
});

const variables = z.array(variable).max(maxVariables).optional();

/** The fields of a claim with what it brings into the runtime. */
export const variableFields = {
  env_vars: variables.describe("Variables of the kernels. Kept secret, like `secrets`."),
  secrets: variables.describe("Secrets, as files and as variables of the kernels."),
};

type WithVariables = z.infer<z.ZodObject<typeof variableFields>>;

/** What the claim brings: value by name. Both fields are delivered alike. */
export function variablesOf({ env_vars: plain = [], secrets = [] }: WithVariables): Variables {
  return new Map([...plain, ...secrets].map(({ name, value }) => [name, value]));
}

/** Refuses a name that is given twice, and more than a Secret should hold. */
export function checkVariables(body: WithVariables, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  let bytes = 0;
  for (const field of ["env_vars", "secrets"] as const) {
    for (const [index, { name, value }] of (body[field] ?? []).entries()) {
      if (seen.has(name)) {
        context.addIssue({ code: "custom", path: [field, index, "name"], message: "is given twice" });
      }
      seen.add(name);
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    }
  }
  if (bytes > maxTotalBytes) {
    const message = `holds more than ${maxTotalBytes} bytes in all, with env_vars`;
    context.addIssue({ code: "custom", path: ["secrets"], message });
  }
}
