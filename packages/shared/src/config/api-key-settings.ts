import { settingTable } from "./settings.ts";
import { text } from "./values.ts";

/** The second key of a REST API. */
export const previousApiKeySetting = settingTable({
  previousApiKey: {
    name: "DATALAYER_OPERATOR_API_KEY_PREVIOUS",
    schema: text({ minLength: 16 }),
    optional: true,
    secret: true,
    description: "A second key that is accepted too, while callers change to a new one.",
  },
});

/** The keys of a REST API that a controller need not serve. */
export const optionalApiKeySettings = settingTable({
  apiKey: {
    name: "DATALAYER_OPERATOR_API_KEY",
    schema: text({ minLength: 16 }),
    optional: true,
    secret: true,
    description: "The key that callers of the REST API send in X-API-Key. Without it, the API is not served.",
  },
  ...previousApiKeySetting,
});
