// How the page is built: into dist/web/, which the npm package holds.
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy takes nothing that stands inside a page or a URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'assets/licences.txt' },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  logLevel: 'warn',
});
