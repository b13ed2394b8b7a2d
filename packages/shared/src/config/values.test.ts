import { describe, expect, it } from "vitest";
import {
  boolean,
  decimal,
  duration,
  integer,
  list,
  oneOf,
  port,
  quantity,
  text,
  url,
  type ValueSchema,
} from "./values.ts";

const accepted: [string, ValueSchema<unknown>, string, unknown][] = [
  ["an integer", integer({ min: -1 }), "-1", -1],
  ["an integer with spaces around it", integer(), " 42 ", 42],
  ["a decimal", decimal(), "0.25", 0.25],
  ["a port", port(), "2111", 2111],
  ["true", boolean(), "True", true],
  ["off", boolean(), "off", false],
  ["milliseconds", duration(), "250ms", 250],
  ["hours and minutes", duration(), "1h30m", 5_400_000],
  ["half a second", duration(), "0.5s", 500],
  ["nothing at all", duration(), "0", 0],
  ["a bare number of seconds", duration({ bareUnit: "s" }), "3600", 3_600_000],
  ["a unit where a bare number is allowed", duration({ bareUnit: "s" }), "1h", 3_600_000],
  ["millicores", quantity(), "250m", 0.25],
  ["mebibytes", quantity(), "512Mi", 512 * 1024 * 1024],
  ["gigabytes", quantity(), "1.5G", 1.5e9],
  ["a URL", url(), "http://iam.svc.cluster.local:9700/", "http://iam.svc.cluster.local:9700"],
  ["a URL of another scheme", url(["pulsar", "pulsar+ssl"]), "pulsar://host:6650", "pulsar://host:6650"],
  ["a word", oneOf(["pulsar", "kafka"]), "kafka", "kafka"],
  ["a list", list(text()), "a, b,,c ", ["a", "b", "c"]],
  ["an empty list", list(integer()), ",", []],
];

const refused: [string, ValueSchema<unknown>, string, string][] = [
  ["a fraction", integer(), "1.5", "expected an integer"],
  ["an exponent", integer(), "1e3", "expected an integer"],
  ["hexadecimal", integer(), "0x10", "expected an integer"],
  ["more than a number can hold", integer(), "9007199254740993", "expected an integer"],
  ["infinity", decimal(), "Infinity", "expected a number"],
  ["below the range", integer({ min: 1, max: 9 }), "0", "expected an integer from 1 to 9"],
  ["above the range", decimal({ max: 1 }), "1.01", "expected a number up to 1"],
  ["a port too high", port(), "65536", "expected an integer from 0 to 65535"],
  ["maybe", boolean(), "maybe", "expected true or false"],
  ["a bare number without a unit", duration(), "30", "expected a duration such as 30s or 5m, from 0s"],
  ["a negative duration", duration(), "-5s", "expected a duration such as 30s or 5m, from 0s"],
  [
    "too long a duration",
    duration({ minMs: 1000, maxMs: 3_600_000 }),
    "2h",
    "expected a duration such as 30s or 5m, from 1s to 1h",
  ],
  ["a huge quantity", quantity(), "1e400", "expected a Kubernetes quantity such as 250m or 512Mi"],
  ["a URL without a scheme", url(), "iam:9700", "expected a URL starting with http:// or https://"],
  ["a file URL", url(), "file:///etc/passwd", "expected a URL starting with http:// or https://"],
  ["a URL with a password", url(), "http://me:pw@host/", "expected a URL starting with http:// or https://"],
  ["an unknown word", oneOf(["pulsar", "kafka"]), "Kafka", "expected one of pulsar, kafka"],
  ["a text too short", text({ minLength: 16 }), "short", "expected a text of 16 to 4096 characters"],
  [
    "a list with one bad item",
    list(integer()),
    "1,x",
    "expected a list, separated by commas, each an integer",
  ],
  [
    "a list too short",
    list(integer(), { min: 1 }),
    "",
    "expected a list, at least 1, separated by commas, each an integer",
  ],
];

describe("a setting's value", () => {
  it.each(accepted)("may be %s", (_what, schema, written, expected) => {
    expect(schema.parse(written)).toEqual(expected);
  });

  it.each(refused)("may not be %s", (_what, schema, written, message) => {
    const result = schema.safeParse(written);
    expect(result.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
