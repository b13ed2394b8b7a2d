const unitSeconds = { s: 1, m: 60, h: 3600 };

/** The seconds of a duration as the CustomResourceDefinition allows it: `90s`, `30m`, `1h30m`. */
export function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/(\d+)([smh])/g)];
  return parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * unitSeconds[unit as "s" | "m" | "h"],
    0,
  );
}

/** The same in milliseconds. */
export function millisecondsOf(duration: string): number {
  return secondsOf(duration) * 1000;
}
