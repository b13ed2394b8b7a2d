import js from "@eslint/js";
import nx from "@nx/eslint-plugin";
import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

/** Who may import whom. Controllers meet through the API server only, never through an import. */
const moduleBoundaries = {
  enforceBuildableLibDependency: false,
  depConstraints: [
    { sourceTag: "type:shared", onlyDependOnLibsWithTags: ["type:shared"] },
    { sourceTag: "type:controller", onlyDependOnLibsWithTags: ["type:shared"] },
    { sourceTag: "type:cli", onlyDependOnLibsWithTags: ["type:shared"] },
    { sourceTag: "type:devcluster", onlyDependOnLibsWithTags: ["type:devcluster"] },
    { sourceTag: "type:client", onlyDependOnLibsWithTags: ["type:client"] },
    {
      sourceTag: "type:proof",
      onlyDependOnLibsWithTags: ["type:shared", "type:devcluster", "type:client", "type:proof"],
    },
  ],
};

/** Tests of the library run on the real components; what it ships depends on none of them. */
const moduleBoundariesOfTests = {
  ...moduleBoundaries,
  depConstraints: [
    { sourceTag: "type:shared", onlyDependOnLibsWithTags: ["type:shared", "type:devcluster"] },
    {
      sourceTag: "type:controller",
      onlyDependOnLibsWithTags: ["type:shared", "type:devcluster", "type:client"],
    },
    { sourceTag: "type:client", onlyDependOnLibsWithTags: ["type:client", "type:devcluster"] },
    { sourceTag: "type:cli", onlyDependOnLibsWithTags: ["type:shared", "type:devcluster"] },
    ...moduleBoundaries.depConstraints.filter(
      ({ sourceTag }) => !["type:shared", "type:controller", "type:client", "type:cli"].includes(sourceTag),
    ),
  ],
};

/** Budgets make the reader's job the measure: what exceeds them is split, or waived with a reason. */
const budgets = {
  complexity: ["error", 10],
  "max-depth": ["error", 3],
  "max-params": ["error", 4],
  "max-statements": ["error", 20],
  "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
};

const pureFiles = [
  "**/plan.ts",
  "**/plan-*.ts",
  "**/status.ts",
  "**/report.ts",
  "**/report-*.ts",
  "**/build-*.ts",
  "**/*-builder.ts",
];

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/reports/**",
      ".nx/**",
      "packages/shared/src/crds/generated/**",
      "packages/runtime-client/src/generated/**",
    ],
  },
  js.configs.recommended,
  { files: ["**/*.ts"], extends: [tseslint.configs.strictTypeChecked] },
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { "@nx": nx, jsdoc },
    rules: {
      ...budgets,
      "@nx/enforce-module-boundaries": ["error", moduleBoundaries],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Read settings through shared/config; pass them in." },
      ],
      "jsdoc/require-jsdoc": [
        "error",
        {
          publicOnly: true,
          require: { FunctionDeclaration: true, ClassDeclaration: true },
          contexts: ["TSInterfaceDeclaration"],
        },
      ],
    },
  },
  {
    files: pureFiles,
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "kube/(rest|informer|reflector|apply)",
              message: "Decisions are pure: gather first, then decide.",
            },
          ],
        },
      ],
    },
  },
  {
    files: [
      "**/*.test.ts",
      "**/*.e2e.ts",
      "**/test/**/*.ts",
      "**/testkit/**/*.ts",
      "**/vitest*.config.ts",
      "e2e/**/*.ts",
      "benchmarks/**/*.ts",
    ],
    rules: {
      "@nx/enforce-module-boundaries": ["error", moduleBoundariesOfTests],
      "max-statements": "off",
      "max-lines": ["error", { max: 500, skipBlankLines: true, skipComments: true }],
      "jsdoc/require-jsdoc": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    // The entry point is where the environment enters: it hands it on.
    files: ["packages/*-controller/src/main.ts", "packages/cli/src/{plane,clouder}.ts"],
    rules: { "no-restricted-properties": "off" },
  },
  { files: ["**/*.js"], languageOptions: { globals: { process: "readonly", console: "readonly" } } },
);
