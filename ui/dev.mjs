// Serves one face with hot reloading in front of a running service:
//
//   npm run dev -- owner http://127.0.0.1:8300
import { join } from 'node:path';
import { createServer, runnerImport } from 'vite';

const { FACES, faceConfig } = (await runnerImport(join(import.meta.dirname, 'vite.config.ts'))).module;
const [face, service] = process.argv.slice(2);
if (!FACES.includes(face) || !service) {
  console.error(`usage: npm run dev -- ${FACES.join('|')} URL-OF-THE-SERVICE`);
  process.exit(2);
}
const server = await createServer(faceConfig(face, service));
await server.listen();
server.printUrls();
