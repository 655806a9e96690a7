import { fileURLToPath } from 'node:url';
import optimizeLocales from '@react-aria/optimize-locales-plugin';
import react from '@vitejs/plugin-react';
import { type ProxyOptions, type InlineConfig, defineConfig } from 'vite';

/** The three front ends that are built from this folder; each service serves one of them. */
export const FACES = ['owner', 'buyer', 'board'] as const;
export type Face = (typeof FACES)[number];

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

function proxyTo(target: string): ProxyOptions {
  return {
    target,
    changeOrigin: true,
    // The services refuse unsafe requests from pages of another origin, which the development server is.
    configure: (proxy) => proxy.on('proxyReq', (request) => request.removeHeader('origin')),
  };
}

/** How one face is built into `dist/<face>`, or served for development in front of the service at `service`. */
export function faceConfig(face: Face, service?: string): InlineConfig {
  return {
    configFile: false,
    root: folder(`faces/${face}`),
    resolve: { alias: { '@': folder('src') } },
    plugins: [react(), { ...optimizeLocales.vite({ locales: ['en-US', 'es-ES'] }), enforce: 'pre' }],
    build: {
      outDir: folder(`dist/${face}`),
      emptyOutDir: true,
      target: ['chrome123', 'firefox120', 'safari17.5'],
      // The content security policy has no `data:` for scripts, styles and fonts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1000,
    },
    server: service ? { host: '127.0.0.1', proxy: { '/v1': proxyTo(service) } } : {},
  };
}

export default defineConfig({});
