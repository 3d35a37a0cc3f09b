import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const sources = resolve(import.meta.dirname, "src");

/** Every `src/<package>/<name>.entry.ts` becomes an entry called `<name>`, asked for by `{% asset "<name>" %}`. */
function entries(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const file of readdirSync(sources, { recursive: true, encoding: "utf8" })) {
    const match = /([^/\\]+)\.entry\.ts$/.exec(file);
    if (match?.[1]) {
      if (found[match[1]]) throw new Error(`Two entries are called ${match[1]}.`);
      found[match[1]] = resolve(sources, file);
    }
  }
  return found;
}

export default defineConfig(({ mode }) => ({
  // Relative addresses: the pages may live under any prefix, and nothing is ever fetched from another host.
  base: "./",
  publicDir: false,
  build: {
    // A release is built aside and then put beside the builds before it (scripts/publish.mjs).
    outDir: resolve(import.meta.dirname, mode === "development" ? "../hotline/ui/static/dist" : "node_modules/.built"),
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    target: ["chrome100", "safari15.4", "firefox100"],
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    // htmx brings an eval, which the pages' policy forbids; a first build need not say so, nor how long each step took.
    rolldownOptions: { input: entries(), checks: { eval: false, pluginTimings: false } },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    restoreMocks: true,
  },
}));
