import vue from '@vitejs/plugin-vue'
import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// By this condition of its package.json paddock-live is read from its source:
// it need not be built first, and a change of it shows at once.
const source = 'paddock-source'

export default defineConfig({
  plugins: [vue()],
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } }, // of specs that need no page
  build: {
    outDir: 'dist/console',
    emptyOutDir: true,
    manifest: true, // for scripts/sizes.mjs
    chunkSizeWarningLimit: 1600, // of the page of /api/docs
    rollupOptions: { input: ['index.html', 'docs.html'] },
  },
  server: { proxy: { '/api': { target: 'http://localhost:8080', ws: true } } },
  test: { testTimeout: 20_000, include: ['src/**/*.spec.ts', 'live/test/*.spec.ts'] },
})
