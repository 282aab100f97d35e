// Says what the bars of energy are made of: JSON of {heaps, stacks, said}. Arguments: heaps.js, sessions, from, to.

import { pathToFileURL } from "node:url";

const [file, sessions, from, to] = process.argv.slice(2);
const { heaps, said, stacks } = await import(pathToFileURL(file));
const found = heaps(JSON.parse(sessions), Number(from), Number(to)).heaps;
console.log(JSON.stringify({ heaps: found, stacks: stacks(found), said: found.map(said) }));
