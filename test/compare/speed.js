// Writes how fast martian makes blocks of a file, in the form of Go's benchmarks: the
// best of the seconds after a first one in which it is compiled.

import { readFileSync } from "node:fs";
import martian from "@tryfabric/martian";

const source = readFileSync(process.argv[2], "utf8");
let best = 0;
for (let second = 0; second < 4; second++) {
  const began = performance.now();
  let times = 0;
  let took = 0;
  while (took < 1000) {
    martian.markdownToBlocks(source);
    times++;
    took = performance.now() - began;
  }
  if (second > 0) best = Math.max(best, (times * Buffer.byteLength(source)) / 1000 / took);
}
console.log(`BenchmarkMartian 1 ${best.toFixed(4)} MB/s`);
