// `node tests/browser/run.mjs [STORY...]`: the pages in a real browser against the demo hospital.
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { startBrowser } from './lib/browser.mjs';
import { startDemo } from './lib/demo.mjs';

const folder = new URL('stories/', import.meta.url);
const wanted = process.argv.slice(2);
const files = (await readdir(folder)).filter((file) => file.endsWith('.mjs')).sort();
const world = {};

describe('pages', { concurrency: false }, async () => {
  before(async () => {
    world.demo = await startDemo();
    world.browser = await startBrowser();
  });
  after(async () => {
    await world.browser?.close();
    await world.demo?.stop();
  });
  for (const file of files) {
    if (wanted.length > 0 && !wanted.includes(file.replace('.mjs', ''))) continue;
    const { default: stories } = await import(new URL(file, folder));
    for (const [name, story] of Object.entries(stories)) {
      test(`${file.replace('.mjs', '')}: ${name}`, { timeout: 180_000 }, () => story(world));
    }
  }
});
