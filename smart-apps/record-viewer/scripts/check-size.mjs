// Fails when the script that the first screen needs is more than 100 kB, gzipped (UX.md, principle 8).
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT = 100_000;
const dist = new URL('../../dist/record-viewer/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

function chunksOf(key, seen = new Set()) {
  if (!seen.has(key)) {
    seen.add(key);
    for (const next of manifest[key].imports ?? []) chunksOf(next, seen);
  }
  return seen;
}

let failed = false;
for (const page of ['index.html', 'launch.html']) {
  const files = [...chunksOf(page)].map((key) => manifest[key].file);
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist))).length, 0);
  console.log(`${page}: ${(bytes / 1000).toFixed(1)} kB of script at first load, gzipped (limit ${LIMIT / 1000} kB)`);
  failed ||= bytes > LIMIT;
}
process.exit(failed ? 1 : 0);
