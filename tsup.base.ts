import { defineConfig } from "tsup";

/**
 * How a controller is built. Everything in a few files: a container needs no node_modules, and starts four times
 * faster. What only some installations need, as plugins for credentials, is a file of its own that takes no memory
 * elsewhere.
 */
export default defineConfig({
  entry: ["src/main.ts"],
  format: "esm",
  platform: "node",
  target: "node24",
  noExternal: [/.*/],
  // V8 keeps the source in memory, and twice as large with a single character beyond ASCII. Names stay, for stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  esbuildOptions: (options) => {
    options.charset = "ascii";
    // Beside the code: the names of authors are not ASCII.
    options.legalComments = "external";
  },
  sourcemap: true,
  clean: true,
  dts: false,
  // Bundled CommonJS packages still call require, which ES modules lack.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
});
