// Prints each example that GitHub's own clients are tested with, signed as GitHub signs: a JSON object a line.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { sign } from "@octokit/webhooks-methods";

const require = createRequire(import.meta.url);
const examples = JSON.parse(readFileSync(require.resolve("@octokit/webhooks-examples/api.github.com/index.json"), "utf8"));
for (const { name, examples: payloads } of examples) {
  for (const payload of payloads) {
    const body = JSON.stringify(payload);
    console.log(JSON.stringify({ event: name, body, signature: await sign(process.env.HOOK_SECRET, body) }));
  }
}
