import { parseArgs } from "node:util";

/** The parts of `bench claims`, in the order in which they run. */
export const workloadNames = ["writes", "serial", "burst", "sustained", "rollout", "memory"] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** The benches. */
const commandNames = ["claims", "soak", "injection", "pools", "routes", "images", "start"] as const;

/** What the reader asked for. */
export interface BenchOptions {
  command: (typeof commandNames)[number];
  /** One JSON line rather than text for people. */
  json: boolean;
  /** Short runs: they show that everything works, and say little of how fast. */
  quick: boolean;
  /** Claims per second of the sustained run. */
  ratePerSecond: number;
  /** Length of the sustained run. */
  seconds: number;
  /** Pods of the memory run. */
  pods: number;
  only: readonly WorkloadName[];
  /** Claims of the soak. */
  claims: number;
  /** How long the soak claims at most. */
  minutes: number;
  /** Claims with variables of the injection bench; as many without are made in turn. */
  rounds: number;
  /** Pools of the pools bench, of ten runtimes each. */
  pools: number;
  /** How long nothing may be written in the pools bench. */
  steadySeconds: number;
  /** Runtimes that the pools bench takes away. */
  replacements: number;
  /** How many Routes there are in the steps of the routes bench. */
  routes: readonly number[];
  /** Routes, and Pods, whose time is taken in each of its steps. */
  samples: number;
  /** Images that the images bench builds one after another, and at once. */
  builds: number;
  /** Folder for V8's CPU profile of the controller; undefined takes none. */
  cpuProfileDir?: string;
}

/** How to call the bench. */
export const usage = `Usage: npm run -s bench -- <${commandNames.join("|")}> [options]

claims   measure claims, on a cluster of its own
  --only <names>     of ${workloadNames.join(",")} (default: all)
  --rate <n>         claims per second of the sustained run (default: 20)
  --seconds <n>      its length (default: 60)
  --pods <n>         Pods of the memory run (default: 5000)
  --quick            short runs, for a smoke test
  --cpu-profile <dir>  write a CPU profile of the controller there
soak     two replicas, one of them killed every few seconds
  --claims <n>       (default: 10000)
  --minutes <n>      after which it claims no more (default: 60)
injection  variables in new kernels, on a real node (root on Linux)
  --rounds <n>       (default: 100)
pools    many pools of ten runtimes: what standing still, starting anew and replacing cost
  --pools <n>        (default: 1000)
  --steady <n>       seconds in which nothing changes (default: 300)
  --replacements <n> (default: 100)
routes   Routes on a real Traefik: until they serve, until they do not, and what many of them cost
  --routes <n,n>     how many there are in each step (default: 100,1000,5000)
  --samples <n>      times taken in each step (default: 50)
images   images built on a real node (root on Linux), against buildctl by hand
  --builds <n>       built one after another, and at once (default: 20)
start    sizes of images, installing the operator, and starting controllers, on a real node (root on Linux)
All: --json prints one line of JSON on standard output.`;

/** An option that cannot be used; the message says which and what was expected. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

const numbers = {
  full: {
    rate: 20,
    seconds: 60,
    pods: 5_000,
    claims: 10_000,
    minutes: 60,
    rounds: 100,
    pools: 1_000,
    steady: 300,
    replacements: 100,
    samples: 50,
    builds: 20,
  },
  quick: {
    rate: 10,
    seconds: 5,
    pods: 200,
    claims: 200,
    minutes: 5,
    rounds: 5,
    pools: 20,
    steady: 10,
    replacements: 10,
    samples: 5,
    builds: 4,
  },
};

const routeCounts = { full: "100,1000,5000", quick: "20,60" };

/** Reads the command line. @throws OptionError */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parsed(argv);
  const command = commandNames.find((name) => name === positionals[0]);
  if (command === undefined || positionals.length > 1) {
    throw new OptionError(
      `expected one command of ${commandNames.join(", ")}, not "${positionals.join(" ")}"`,
    );
  }
  const { json = false, quick = false, only, "cpu-profile": cpuProfileDir } = values;
  const { routes = quick ? routeCounts.quick : routeCounts.full } = values;
  const defaults = quick ? numbers.quick : numbers.full;
  const number = (name: keyof typeof defaults): number => positive(name, values[name]) ?? defaults[name];
  return {
    command,
    json,
    quick,
    ratePerSecond: number("rate"),
    seconds: number("seconds"),
    pods: number("pods"),
    claims: number("claims"),
    minutes: number("minutes"),
    rounds: number("rounds"),
    pools: number("pools"),
    steadySeconds: number("steady"),
    replacements: number("replacements"),
    routes: routes.split(",").map((text) => positive("routes", text) ?? 0),
    samples: number("samples"),
    builds: number("builds"),
    only: only === undefined ? workloadNames : only.split(",").map(workloadOf),
    ...(cpuProfileDir !== undefined && { cpuProfileDir }),
  };
}

function parsed(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: flag,
        quick: flag,
        rate: text,
        seconds: text,
        pods: text,
        rounds: text,
        pools: text,
        steady: text,
        replacements: text,
        routes: text,
        samples: text,
        builds: text,
        claims: text,
        minutes: text,
        only: text,
        "cpu-profile": text,
      },
    });
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new OptionError(`--${name} takes a number above 0, not "${text}"`);
  }
  return value;
}

function workloadOf(text: string): WorkloadName {
  const name = workloadNames.find((one) => one === text);
  if (name === undefined) throw new OptionError(`--only: "${text}" is none of ${workloadNames.join(", ")}`);
  return name;
}
