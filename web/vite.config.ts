import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // Relative URLs: the page works behind any path.
  base: "./",
  plugins: [react()],
  build: {
    target: "es2022",
    // Inlined files would need `data:` in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // `npx vite web` with a service on its default port: changes show at once.
  server: { proxy: { "/graphql": { target: "http://127.0.0.1:4000", ws: true, changeOrigin: true } } },
});
