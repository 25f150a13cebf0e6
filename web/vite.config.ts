import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// One classic script and one style sheet: an export inlines both, and a file:// page may not load modules.
export default defineConfig({
  base: "./",
  plugins: [svelte({ compilerOptions: { css: "external" } }), classicScript()],
  build: {
    outDir: "../src/topolens/explorer/page",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        format: "iife",
        entryFileNames: "app.js",
        assetFileNames: (asset) => (asset.names?.[0]?.endsWith(".css") ? "app.css" : "[name][extname]"),
      },
    },
  },
  test: { include: ["tests/**/*.test.ts"] },
});

function classicScript() {
  return {
    name: "classic-script",
    enforce: "post" as const,
    transformIndexHtml: (html: string) =>
      html.replace(/<script type="module" crossorigin src="([^"]+)"><\/script>/, '<script defer src="$1"></script>')
        .replace(/<link rel="stylesheet" crossorigin/, '<link rel="stylesheet"'),
  };
}
