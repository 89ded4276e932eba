import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // The app must work wherever the portal is mounted, so every URL is relative.
  base: './',
  define: { FHIRCLIENT_PURE: 'true' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: here('../dist/record-viewer'),
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy forbids data: in style sheets' fonts and scripts alike; keep assets as files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    rollupOptions: { input: { index: here('index.html'), launch: here('launch.html') } },
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'] },
});
