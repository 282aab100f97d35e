// Reads modules of JavaScript and all that they import, and links them: a fault of syntax, a file that is not there and a
// name that is not exported end this with an error. Nothing is run. Arguments: the folder that is /web, then files.

import { readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";

const [web, ...files] = process.argv.slice(2);
const modules = new Map();

function read(file) {
  if (!modules.has(file)) modules.set(file, new vm.SourceTextModule(readFileSync(file, "utf8"), { identifier: file }));
  return modules.get(file);
}

const beside = (specifier, from) => (specifier.startsWith("/web/")
  ? path.join(web, specifier.slice("/web/".length))
  : path.resolve(path.dirname(from), specifier));

for (const file of files) {
  const module = read(path.resolve(file));
  if (module.status === "unlinked") await module.link((specifier, from) => read(beside(specifier, from.identifier)));
}
