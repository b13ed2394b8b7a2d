/** Labels of what is made for an Image. */
export const label = {
  app: "app",
  component: "app.kubernetes.io/component",
  /** UID of the Image, by which its objects are found. */
  image: "images.datalayer.io/image-uid",
} as const;

/** Values of {@link label}. */
export const buildApp = "datalayer-images";
export const component = { build: "build", inputs: "build-inputs", record: "build-record" } as const;

/** Annotations of what is made for an Image. */
export const annotation = {
  /** Hash of the inputs of a build. */
  inputsHash: "images.datalayer.io/inputs-hash",
  /** Number of the attempt for these inputs. */
  attempt: "images.datalayer.io/attempt",
  /** Repository that a build pushes to. */
  repository: "images.datalayer.io/repository",
} as const;

/** Annotations by which callers of the REST API say what they want of an Image. */
export const wish = {
  /** A word; a new one brings a new build, as spec.triggers.nonce does. */
  nonce: "images.datalayer.io/nonce",
  /** A time; source and base images that were looked at before are looked at again. */
  lookAfter: "images.datalayer.io/look-after",
  /** Hash of inputs that are not to be built. */
  cancelled: "images.datalayer.io/cancelled",
} as const;

/** Keeps a deleted Image until its builds have ended, and the registry is rid of those that go with it. */
export const finalizer = "datalayer.io/image";

const longestImagePart = 40;
const hashDigits = 10;
const tagDigits = 16;

/** The name of the objects of an attempt: always the same, so that none is made twice. */
export function attemptName(image: string, hash: string, attempt: number): string {
  // A name may end with what a part of it must not.
  const part = image.slice(0, longestImagePart).replaceAll(".", "-").replace(/-+$/, "");
  return `${part}-${hash.slice(0, hashDigits)}-${attempt}`;
}

/** The name of the record of an attempt, with its log. */
export function recordName(attempt: string): string {
  return `${attempt}-record`;
}

/** The tag that a build of these inputs pushes. */
export function buildTag(hash: string): string {
  return `h-${hash.slice(0, tagDigits)}`;
}
