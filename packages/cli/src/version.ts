import packageJson from "../package.json" with { type: "json" };

/** The version of the commands, and of the charts that belong to them. */
export const { version } = packageJson;
