// Packs the icons that templates and Python name into one small file that `{% icon %}` reads.
// A word counts as named when it stands in quotes in a file of the project and is an icon of Tabler.
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const project = resolve(here, "../../hotline");
const outline = resolve(here, "../node_modules/@tabler/icons/icons/outline");
const target = resolve(here, "../../hotline/ui/static/dist/icons.json");

const known = new Set(readdirSync(outline).map((name) => name.replace(/\.svg$/, "")));
const used = new Set();
for (const name of readdirSync(project, { recursive: true, encoding: "utf8" })) {
  if (!/\.(py|html)$/.test(name)) continue;
  const text = readFileSync(join(project, name), "utf8");
  if (!/icon/i.test(text)) continue;
  for (const [, word] of text.matchAll(/["']([a-z0-9-]+)["']/g)) if (known.has(word)) used.add(word);
}

const packed = {};
for (const name of [...used].sort()) {
  const svg = readFileSync(join(outline, `${name}.svg`), "utf8");
  packed[name] = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
}
mkdirSync(dirname(target), { recursive: true });
// Renamed into place: a process that starts now must not read half of it.
writeFileSync(`${target}.new`, JSON.stringify(packed, null, 1));
renameSync(`${target}.new`, target);
console.log(`icons: ${used.size} packed`);
