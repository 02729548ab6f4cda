// Writes how fast martian makes blocks of a file, in the form of Go's benchmarks: the
// best of the seconds after a first one in which it is compiled, by the time that
// passes and by what the processor spends, Node's threads for garbage and compilation
// included.

import { readFileSync } from "node:fs";
import martian from "@tryfabric/martian";

const source = readFileSync(process.argv[2], "utf8");
let best = 0;
let leastSpent = Infinity;
for (let second = 0; second < 6; second++) {
  const began = performance.now();
  const used = process.cpuUsage();
  let times = 0;
  let took = 0;
  while (took < 1000) {
    martian.markdownToBlocks(source);
    times++;
    took = performance.now() - began;
  }
  const { user, system } = process.cpuUsage(used);
  if (second === 0) continue;
  best = Math.max(best, times / took);
  leastSpent = Math.min(leastSpent, (user + system) / 1000 / times);
}
const kilobytes = Buffer.byteLength(source) / 1000;
console.log(`BenchmarkMartian 1 ${(best * kilobytes).toFixed(4)} MB/s ${(kilobytes / leastSpent).toFixed(4)} MB/cpu-s`);
