import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'http://127.0.0.1:8300/' } },
    // Loading the modules anew for each file would take most of the time; src/test/setup.ts puts back what they remember.
    isolate: false,
    pool: 'forks',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test/setup.ts'],
    css: { modules: { classNameStrategy: 'non-scoped' } },
    env: { TZ: 'Europe/Madrid', DEBUG_PRINT_LIMIT: '2000' },
    testTimeout: 60_000,
    restoreMocks: true,
  },
});
