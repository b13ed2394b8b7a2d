import { controller, type Controller } from "@datalayer/shared/controller/controller";
import { singleton } from "@datalayer/shared/controller/singleton";
import type { Route } from "@datalayer/shared/crds/route";
import { defaultRouteClass, RouteClass } from "@datalayer/shared/crds/route-class";
import { ApiError } from "@datalayer/shared/kube/api-error";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { ClassSettings } from "../class-settings.ts";
import type { Translate } from "../route/observation.ts";
import { routesOfClass } from "../route/route-index.ts";
import { buildDefaultClass } from "./default-class.ts";
import { type ClassObservation, reportClass } from "./report.ts";

/** What the controllers of classes read. */
export interface RouteClassOptions extends Partial<ClassSettings> {
  routeClasses: ObjectReader<RouteClass>;
  /** With `routeIndexes`. */
  routes: ObjectReader<Route>;
  /** Those that are watched. */
  namespaces: readonly string[];
  translateFor: (routeClass: RouteClass) => Translate;
  /** What the backend of a class can do; undefined when that is not known. */
  featuresOf: (routeClass: RouteClass) => readonly string[] | undefined;
  /** Calls the handler with each class of which either may have come to say something else. */
  onTranslationChange: (handler: (routeClass: RouteClass) => void) => void;
}

const lookForDefaultMs = 30_000;

/** Says of every class whether Routes can name it, and creates the default class where there is none. */
export function routeClassControllers(options: RouteClassOptions): Controller[] {
  const { routeClasses } = options;
  const classController = controller({
    name: "route-class",
    for: RouteClass,
    informer: routeClasses,
    reconcile: (routeClass) => Promise.resolve(reportClass(observe(routeClass, options))),
  });
  options.onTranslationChange(({ metadata }) => classController.enqueue(metadata));
  return [
    classController,
    singleton({
      name: "default-route-class",
      everyMs: lookForDefaultMs,
      tick: async ({ kube }) => {
        if (routeClasses.get({ name: defaultRouteClass })) return;
        try {
          routeClasses.recordWrite(await kube.create(RouteClass, buildDefaultClass(options)));
        } catch (error) {
          if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
        }
      },
    }),
  ];
}

function observe(
  routeClass: RouteClass,
  { routes, translateFor, featuresOf }: RouteClassOptions,
): ClassObservation {
  const translate = translateFor(routeClass);
  const features = featuresOf(routeClass);
  return {
    routes: routesOfClass(routes, routeClass.metadata.name).length,
    ...("refusal" in translate && { fault: translate.refusal.message }),
    ...(features && { features }),
  };
}
