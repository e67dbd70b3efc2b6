/** Puts `recover.js` into the head of every page that `next build` wrote, before everything that it looks after. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';

const script = `<script>${readFileSync('recover.js', 'utf8')}</script>`;
for (const page of globSync('out/**/*.html')) {
  const html = readFileSync(page, 'utf8');
  if (html.includes('/_next/'))
    writeFileSync(
      page,
      html.replace('<head>', () => `<head>${script}`),
    );
}
