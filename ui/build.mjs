// Builds every face into dist/<face>, with gzip and brotli copies of each text file beside it.
//
//   node build.mjs            all faces
//   node build.mjs owner      one of them
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, runnerImport } from 'vite';

const COMPRESSED = /\.(js|css|html|svg|json)$/;

const folder = import.meta.dirname;
const { FACES, faceConfig } = (await runnerImport(join(folder, 'vite.config.ts'))).module;
// Reading the configuration leaves this at `development`, which would build React's slow development version.
process.env.NODE_ENV = 'production';
const chosen = process.argv.slice(2);
for (const face of chosen.length > 0 ? chosen : FACES) {
  if (!FACES.includes(face)) {
    console.error(`build.mjs: unknown face '${face}'; expected ${FACES.join(', ')}`);
    process.exit(2);
  }
  await build({ ...faceConfig(face), logLevel: 'warn' });
  const scripts = compress(join(folder, 'dist', face));
  console.error(`ui: built dist/${face}, ${(scripts / 1000).toFixed(1)} kB of JavaScript (gzip)`);
}

function compress(output) {
  let scripts = 0;
  for (const entry of readdirSync(output, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const gzip = gzipSync(content, { level: 9 });
    writeFileSync(`${path}.gz`, gzip);
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
    if (entry.name.endsWith('.js')) scripts += gzip.length;
  }
  return scripts;
}
