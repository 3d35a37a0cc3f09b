// Puts a finished build beside the ones before it. Names carry a hash, so nothing is overwritten: processes that started
// before the build, and pages that people have open, go on finding their files. The manifest comes last, by a rename.
// Small copies for slow lines are made here, because the server sends files as they lie.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** How long a build that was replaced stays: longer than any page is left open or a rolling upgrade takes. */
const KEPT_DAYS = 14;
/** What fits one packet gains nothing from being smaller. */
const SMALLEST = 1400;

const here = dirname(fileURLToPath(import.meta.url));
const built = resolve(here, "../node_modules/.built");
const target = resolve(here, "../../hotline/ui/static/dist");
const assets = join(target, "assets");
mkdirSync(assets, { recursive: true });

const now = new Date();
const current = new Set();
for (const name of readdirSync(join(built, "assets"))) {
  const bytes = readFileSync(join(built, "assets", name));
  const made = [name];
  copyFileSync(join(built, "assets", name), join(assets, name));
  if (/\.(js|css|svg|json)$/.test(name) && bytes.length > SMALLEST) {
    writeFileSync(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    made.push(`${name}.gz`, `${name}.br`);
  }
  for (const file of made) {
    utimesSync(join(assets, file), now, now);
    current.add(file);
  }
}
copyFileSync(join(built, "manifest.json"), join(target, "manifest.json.new"));
renameSync(join(target, "manifest.json.new"), join(target, "manifest.json"));

let gone = 0;
for (const name of readdirSync(assets)) {
  if (current.has(name) || now.getTime() - statSync(join(assets, name)).mtimeMs < KEPT_DAYS * 86_400_000) continue;
  rmSync(join(assets, name));
  gone += 1;
}
console.log(`published: ${current.size} files, ${gone} of old builds removed`);
