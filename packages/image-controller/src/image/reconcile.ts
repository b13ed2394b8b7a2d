import type { Context, Report } from "@datalayer/shared/controller/controller";
import { type Outcome, waiting } from "@datalayer/shared/controller/outcome";
import { type Image, imageReason } from "@datalayer/shared/crds/image";
import { type ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { BuildRequest, Engine, EngineSettings } from "../engines/engine.ts";
import { keepEndedLogs } from "../logs/keep-ended.ts";
import type { Mask } from "../logs/log-lines.ts";
import { type BuildSecretNames, maskFor } from "../logs/log-secrets.ts";
import type { Holding } from "../published/holding.ts";
import type { Look, Looks } from "../resolve/looks.ts";
import type { Retention } from "../retention/retention.ts";
import { createBuild, removeBuilds } from "./carry-out.ts";
import type { Fault } from "./fault.ts";
import { buildsOf, gather, type ImageSources, productOf } from "./gather.ts";
import type { Holdings } from "./holdings.ts";
import { attemptName, buildTag, label } from "./names.ts";
import type { ImageObservation } from "./observation.ts";
import { type ImagePlan, type Phase, planImage } from "./plan.ts";
import { reportImage } from "./status.ts";

/** What Images are reconciled with. */
export interface ImageReconcilerOptions {
  looks: Looks;
  holdings: Holdings;
  retention: Retention;
  engine: Engine;
  engineSettings: EngineSettings;
  sources: ImageSources & { jobs: ObjectReader<Job>; inputs: ObjectReader<ConfigMap> };
  buildSecrets: BuildSecretNames;
  /** Is told of each Image whose report is ready: before and after. */
  onReport: (image: Image, report: Report<Image>) => void;
  /** A place for a build is free again. */
  onFreePlace: () => void;
}

/** Decided on what was observed, at one moment. */
interface Decision {
  observed: ImageObservation;
  plan: ImagePlan;
}

/** What was found outside of the cluster. */
interface Facts {
  look: Look;
  holding: Holding | undefined;
}

/** Looks outside, decides, carries out and reports. */
export class ImageReconciler {
  readonly #options: ImageReconcilerOptions;

  constructor(options: ImageReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(image: Image, context: Context): Promise<Report<Image>> {
    const { looks, holdings, retention } = this.#options;
    const look = await looks.at(image, context);
    const holding = await holdings.of(image, look, context.signal);
    const decision = this.#decide(image, { look, holding }, context);
    const done = await this.#carryOut(decision, context);
    const { clock } = context;
    const lookInMs = Math.max(0, look.dueAtMs - clock.monotonicMs());
    const report = reportImage(done.observed, done.plan, { nowMs: clock.now(), lookInMs });
    this.#options.onReport(image, report);
    // In this order: a build that is published again must not be deleted meanwhile.
    const isPublished = done.plan.step.kind === "publish";
    return isPublished ? retention.apply(image, report, { context, access: look.secrets?.registry }) : report;
  }

  /**
   * Ends the builds of an Image that is being deleted; settled once no Pod of them is left, and the registry is rid of
   * those that go with it.
   */
  async end(image: Image, context: Context): Promise<Outcome> {
    const { sources, looks, retention } = this.#options;
    const { kube } = context;
    const left = buildsOf(image, sources).filter(({ state, isGoing }) => isGoing || state.kind === "running");
    const removed = left.filter(({ isGoing }) => !isGoing).map((build) => ({ build }));
    await removeBuilds(
      image.metadata.namespace,
      { removed, removedInputs: [] },
      { kube, inputs: sources.inputs },
    );
    if (left.length === 0) {
      sources.slots.admit(keyOf(image.metadata));
      looks.forget(image.metadata.uid);
      return retention.end(image, context);
    }
    const message = "Its builds are being ended.";
    return waiting({ reason: imageReason.cancelled, message, retryAfterMs: 10_000 });
  }

  /** From caches, and at once: a place in the queue that is free must not be taken by two. */
  #decide(image: Image, facts: Facts, { clock }: Context): Decision {
    const { sources } = this.#options;
    const key = keyOf(image.metadata);
    sources.slots.admit(key);
    const observed = gather(image, facts, sources);
    const plan = planImage(observed, clock.now());
    if (plan.step.kind === "build" && plan.subject) {
      const { hash, repository } = plan.subject;
      const { namespace = "" } = image.metadata;
      sources.slots.take(key, { namespace, product: productOf(hash, repository) });
    }
    return { observed, plan };
  }

  /** Answers with what there is then. */
  async #carryOut(decision: Decision, context: Context): Promise<Decision> {
    const { observed, plan } = decision;
    const { holdings } = this.#options;
    if (plan.step.kind === "build") return this.#begin(decision, context);
    await this.#remove(observed.image, plan, context);
    if (plan.step.kind !== "publish" || !plan.subject) return decision;
    const fault = await holdings.move(plan.step.moves, plan.subject.repository, observed.look);
    return fault ? blocked(decision, fault, "Publishing") : decision;
  }

  /** Removes what the plan says, and before that keeps the logs of builds that are ended early. */
  async #remove(image: Image, plan: ImagePlan, { kube, clock, log }: Context): Promise<void> {
    const { sources, buildSecrets } = this.#options;
    const { namespace } = image.metadata;
    const ended = plan.removed.flatMap(({ build: { name }, reason }) => {
      const job = reason && sources.jobs.get({ namespace, name });
      return job ? [{ job, endedBy: reason }] : [];
    });
    const mask = (): Promise<Mask> => maskFor(image, kube, buildSecrets);
    await keepEndedLogs(image, ended, { client: kube, clock, log, mask });
    await removeBuilds(namespace, plan, { kube, inputs: sources.inputs });
  }

  async #begin(decision: Decision, context: Context): Promise<Decision> {
    const { image } = decision.observed;
    try {
      return await this.#build(decision, context);
    } finally {
      this.#options.sources.slots.release(keyOf(image.metadata));
      this.#options.onFreePlace();
    }
  }

  /** The cache may be behind: what there is is read once more before a Job is created. */
  async #build({ observed }: Decision, context: Context): Promise<Decision> {
    const { image, look, holding } = observed;
    const { sources, engine, engineSettings } = this.#options;
    const { kube, clock } = context;
    const { namespace, uid } = image.metadata;
    const { items } = await kube.list(Job, { namespace, labelSelector: `${label.image}=${uid}` });
    for (const job of items) sources.jobs.recordWrite(job);
    const again = { ...gather(image, { look, holding }, sources), isNext: true };
    const plan = planImage(again, clock.now());
    await this.#remove(image, plan, context);
    const request = plan.step.kind === "build" && requestOf(again, plan, plan.step.attempt);
    if (!request) return { observed: again, plan };
    const fault = await createBuild(engine.job(request, engineSettings), { kube, ...sources });
    const after = { observed: { ...again, builds: buildsOf(image, sources) }, plan };
    if (!fault) return after;
    sources.slots.refuse(keyOf(image.metadata));
    return blocked(after, fault, "Queued");
  }
}

function requestOf(
  { image, look }: ImageObservation,
  { subject }: ImagePlan,
  number: number,
): BuildRequest | undefined {
  const { target, resolved, secrets } = look;
  if (!subject || !target || !resolved || !secrets) return undefined;
  const { inputs } = resolved;
  return {
    image,
    inputs,
    repository: subject.repository,
    tag: buildTag(inputs.hash),
    isolation: target.isolation,
    credentials: secrets.credentials,
    attempt: { name: attemptName(image.metadata.name, inputs.hash, number), number },
  };
}

function blocked({ observed, plan }: Decision, fault: Fault, during: Phase): Decision {
  return { observed, plan: { ...plan, step: { kind: "blocked", fault, during } } };
}
