import type { App } from "@datalayer/shared/http/app";
import { pageAnswer, pageQuery, type Pages } from "@datalayer/shared/http/pages";
import { notFound, Problem, unavailable, unprocessable } from "@datalayer/shared/http/problem";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { ulid } from "ulid";
import { z } from "zod";
import { derivedUlid } from "../runtime/derived-ulid.ts";
import { bytesOf, quantityOf } from "../volume/quantity.ts";
import { type Volume, type VolumeRequest } from "../volume/volume.ts";
import type { Volumes } from "../volume/volumes.ts";
import { envelope, identity, namespaceQuery } from "./schemas.ts";

/** What the routes of volumes work with. */
export interface VolumeRoutesOptions {
  volumes: Volumes;
  pages: Pages;
  /** Where new volumes lie unless the caller says so; the first of {@link VolumeRoutesOptions.namespaces}. */
  homeNamespace: string;
  /** The watched namespaces; `*` stands for all. */
  namespaces: readonly string[];
  volumeSettings: { storageClass?: string; maxBytes: number; defaultBytes: number };
}

const accountHeader = { "x-forwarded-user": identity.describe("The account whose volumes are meant.") };
const accountHeaders = z.object(accountHeader);
const creationHeaders = z.object({
  ...accountHeader,
  "idempotency-key": z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("Repeats with the same key get the same volume."),
});
const volumeParams = z.object({ uid: z.string().max(63).describe("The uid of the volume.") });
const volumeBody = z
  .object({
    name: z.string().max(256).default("").describe("The name the user gives it."),
    size: z
      .string()
      .max(32)
      .optional()
      .describe("How much it holds, as a Kubernetes quantity: `10Gi`. Default: that of homes."),
  })
  .meta({
    id: "VolumeRequest",
    description: "What the volume shall be.",
    examples: [{ name: "Data", size: "10Gi" }],
  });
const volumeView = z
  .object({
    uid: z.string(),
    name: z.string().describe("The name the user gave it."),
    namespace: z.string(),
    user_uid: z.string().describe("The account whose it is."),
    size: z.string().describe("A Kubernetes quantity."),
    state: z.enum(["unbound", "bound", "lost", "deleting"]).describe("`unbound` until its first use."),
    used_by: z.string().nullable().describe("The runtime, running or paused, whose home it is."),
    created_at: z.string().describe("Epoch seconds."),
  })
  .meta({
    id: "Volume",
    description: "A volume of an account.",
    examples: [
      {
        uid: "01kaq2v8c4m3yqf3y1k1w5b7nd",
        name: "Data",
        namespace: "datalayer-runtimes",
        user_uid: "me",
        size: "10Gi",
        state: "bound",
        used_by: null,
        created_at: "1795364400",
      },
    ],
  });
const oneVolume = z.object({ ...envelope, volume: volumeView });

/** Adds `/volumes`. */
export function serveVolumes(app: App, prefix: string, options: VolumeRoutesOptions): void {
  const { volumes, pages } = options;
  const tags = ["volumes"];

  app.post(
    `${prefix}/volumes`,
    {
      schema: {
        operationId: "createVolume",
        summary: "Create a volume",
        tags,
        headers: creationHeaders,
        querystring: namespaceQuery,
        body: volumeBody,
        response: { 201: oneVolume },
        problems: [404, 409],
      },
    },
    async ({ body, headers, query }, reply) => {
      const wanted = volumeRequestOf({ body, headers, namespace: query.namespace }, options);
      const volume = await volumes.create(wanted).catch((error: unknown) => {
        throw refusalOf(error);
      });
      if (!volume || !isAsWanted(volume, wanted))
        throw new Problem(422, {
          type: "key-reused",
          detail: "this Idempotency-Key was used for another volume",
        });
      reply.code(201);
      return { success: true as const, message: `Volume ${volume.uid} is created.`, volume: viewOf(volume) };
    },
  );

  app.get(
    `${prefix}/volumes`,
    {
      schema: {
        operationId: "listVolumes",
        summary: "List the volumes of an account",
        tags,
        headers: accountHeaders,
        querystring: z.object(pageQuery),
        response: { 200: z.object({ ...envelope, volumes: z.array(volumeView), ...pageAnswer }) },
      },
    },
    ({ headers, query }) => {
      const account = headers["x-forwarded-user"];
      const list = ["volumes", account];
      const page = pages.of(volumes.ofAccount(account), { ...query, list, keyOf: ({ uid }) => uid });
      return {
        success: true as const,
        message: `${page.items.length} volumes`,
        volumes: page.items.map(viewOf),
        continue: page.continue,
      };
    },
  );

  app.get(
    `${prefix}/volumes/:uid`,
    {
      schema: {
        operationId: "getVolume",
        summary: "Show a volume",
        tags,
        headers: accountHeaders,
        params: volumeParams,
        response: { 200: oneVolume },
      },
    },
    async ({ params, headers }) => {
      const volume = await findVolume(params.uid, headers["x-forwarded-user"], volumes);
      return { success: true as const, message: "Volume found.", volume: viewOf(volume) };
    },
  );

  app.delete(
    `${prefix}/volumes/:uid`,
    {
      schema: {
        operationId: "deleteVolume",
        summary: "Remove a volume and what is in it",
        tags,
        headers: accountHeaders,
        params: volumeParams,
        response: { 200: z.object(envelope) },
        problems: [409],
      },
    },
    async ({ params, headers }) => {
      await remove(await findVolume(params.uid, headers["x-forwarded-user"], volumes), volumes);
      return { success: true as const, message: `Volume ${params.uid} is removed.` };
    },
  );
}

/** A volume of another account is as good as none: nothing tells that it exists. */
async function findVolume(uid: string, account: string, volumes: Volumes): Promise<Volume> {
  const volume = /^[0-9a-z]{26}$/.test(uid) ? await volumes.find(uid, account) : undefined;
  if (!volume) throw notFound(`no volume "${uid}" belongs to this account`);
  return volume;
}

async function remove(volume: Volume, volumes: Volumes): Promise<void> {
  const removal = await volumes.remove(volume);
  if (removal.kind === "in-use") {
    const detail = `volume "${volume.uid}" is the home of runtime "${removal.by}"; end that runtime first`;
    throw new Problem(409, { type: "volume-in-use", detail, extensions: { used_by: removal.by } });
  }
  if (removal.kind === "overtaken") {
    const detail = `volume "${volume.uid}" changed while it was being removed`;
    throw unavailable({ detail, reason: "changed", retryAfterSeconds: 1 });
  }
}

function volumeRequestOf(
  request: {
    body: z.infer<typeof volumeBody>;
    headers: z.infer<typeof creationHeaders>;
    namespace?: string;
  },
  { homeNamespace, namespaces, volumeSettings }: VolumeRoutesOptions,
): VolumeRequest {
  const { body, headers, namespace = homeNamespace } = request;
  if (!namespaces.includes("*") && !namespaces.includes(namespace))
    throw notFound(`namespace "${namespace}" is not one of ${namespaces.join(", ")}`);
  const account = headers["x-forwarded-user"];
  const key = headers["idempotency-key"];
  return {
    uid: key === undefined ? ulid().toLowerCase() : derivedUlid("volume", account, key),
    namespace,
    account,
    givenName: body.name,
    sizeBytes: sizeOf(body.size, volumeSettings),
    storageClass: volumeSettings.storageClass,
  };
}

function sizeOf(
  size: string | undefined,
  { maxBytes, defaultBytes }: VolumeRoutesOptions["volumeSettings"],
): number {
  if (size === undefined) return defaultBytes;
  const bytes = bytesOf(size);
  if (bytes !== undefined && Number.isInteger(bytes) && bytes >= 1 && bytes <= maxBytes) return bytes;
  const message = `is "${size}"`;
  const expected = `a Kubernetes quantity such as 10Gi, from 1 to ${quantityOf(maxBytes)}`;
  throw unprocessable(`/size: ${message}; expected ${expected}`, [
    { path: "/size", in: "body", message, expected },
  ]);
}

/** What is there under the key of another request. */
function isAsWanted(volume: Volume, { account, sizeBytes, givenName }: VolumeRequest): boolean {
  return volume.account === account && volume.sizeBytes === sizeBytes && volume.givenName === givenName;
}

/** What the cluster says to the wish for a volume, such as that a quota is used up. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof ApiError && (error.isForbidden || error.isInvalid))) return error;
  const detail = `the cluster refuses the volume: ${error.message}`;
  return new Problem(409, { type: "volume-refused", detail, cause: error });
}

function viewOf({
  claim,
  uid,
  account,
  givenName,
  sizeBytes,
  state,
  usedBy,
}: Volume): z.infer<typeof volumeView> {
  const { namespace = "", creationTimestamp } = claim.metadata;
  return {
    uid,
    name: givenName,
    namespace,
    user_uid: account,
    size: quantityOf(sizeBytes),
    state,
    used_by: usedBy ?? null,
    created_at: String(Math.floor(Date.parse(creationTimestamp) / 1000)),
  };
}
