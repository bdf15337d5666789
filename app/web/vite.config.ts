import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { 'paddock-live': new URL('live/src/index.ts', import.meta.url).pathname } },
  build: {
    outDir: 'dist/console',
    emptyOutDir: true,
    chunkSizeWarningLimit: 1600, // of the page of /api/docs
    rollupOptions: { input: ['index.html', 'docs.html'] },
  },
  server: { proxy: { '/api': { target: 'http://localhost:8080', ws: true } } },
  test: { testTimeout: 20_000, include: ['src/**/*.spec.ts', 'live/test/*.spec.ts'] },
})
