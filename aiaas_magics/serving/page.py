"""The try-it page: one file, no foreign resource, nothing of the model in it before the token is typed."""

PAGE = rb"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>aiaas endpoint</title>
<style>
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5c6675; --line: #d8dee6; --page: #fff; --box: #f5f7fa; --act: #0b62a8; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa5b4; --line: #39424f; --page: #14181e; --box: #1d232b; --act: #6db5f2; --bad: #ff8a80; } }
body { margin: 0 auto; max-width: 54rem; padding: 2rem 1.25rem 4rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
h1 { margin: 0; font-size: 1.6rem } h2 { margin: 2rem 0 .5rem; font-size: 1.1rem } p { color: var(--soft); margin: .25rem 0 1rem }
label { display: block; font-weight: 600; margin: 1rem 0 .25rem }
input:not([type=checkbox]), select, textarea, pre { box-sizing: border-box; width: 100%; font: 14px/1.45 ui-monospace, monospace; color: var(--ink); background: var(--box); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .75rem }
textarea { min-height: 8rem; height: 14rem; resize: vertical; white-space: pre; overflow: auto } .line { font-weight: 400 } pre { overflow: auto; min-height: 1.4em; white-space: pre-wrap; overflow-wrap: anywhere }
button { margin: .75rem 0; padding: .5rem 1.25rem; font: inherit; font-weight: 600; color: var(--page); background: var(--act); border: 0; border-radius: 6px; cursor: pointer }
button:focus-visible, input:focus-visible, select:focus-visible, textarea:focus-visible { outline: 2px solid var(--act); outline-offset: 2px }
table { border-collapse: collapse; width: 100%; font-size: .9rem } th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line) }
.bad { color: var(--bad) } [hidden] { display: none }
</style></head><body>
<h1 id="name">An endpoint</h1><p id="about">Type its token to see what the model takes and to try it. <code>aiaas token NAME</code> prints it.</p>
<div id="door"><label for="token">Token</label><input id="token" type="password" autocomplete="off" spellcheck="false">
<button id="open">Open</button></div><p id="error" class="bad" role="alert"></p>
<main hidden>
<p><button id="leave">Use another token</button></p>
<h2>Try it</h2><label for="protocol">Protocol</label><select id="protocol"></select>
<label id="likely" class="line" hidden><input id="proba" type="checkbox"> with probabilities</label>
<label for="body">Request to <code id="path"></code></label><textarea id="body" spellcheck="false"></textarea>
<button id="ask">Predict</button><label for="answer">Answer</label><pre id="answer" aria-live="polite"></pre>
<h2>From a terminal</h2><pre id="curl"></pre>
<h2>Columns</h2><table><thead><tr><th>column</th><th>type</th><th>may be missing</th></tr></thead><tbody id="columns"></tbody></table>
</main>
<script>
const at = id => document.getElementById(id);
const headers = () => ({ "Authorization": "Bearer " + at("token").value.trim(), "Content-Type": "application/json" });
const PROTOCOLS = { "/predict": "rows to /predict", "/invocations": "MLflow", "/v2/models/{name}/infer": "Open Inference Protocol (v2)" };
let api;
const plain = schema => (schema.anyOf ?? [schema])[0];
const scalar = value => value === null || typeof value !== "object";
function shown(value, pad = "") {
  if (scalar(value)) return JSON.stringify(value);
  const list = Array.isArray(value), all = Object.values(value), more = pad + " ";
  const parts = list ? all.map(each => shown(each, more)) : Object.entries(value).map(([name, each]) => JSON.stringify(name) + ": " + shown(each, more));
  const [open, close] = list ? "[]" : "{}";
  if (all.every(scalar) && (list || pad)) return open + parts.join(", ") + close;
  return open + "\n" + more + parts.join(",\n" + more) + "\n" + pad + close;
}
function likely(asked) {
  const { proba, params, ...rest } = asked, { proba: known, ...others } = params ?? {}, on = at("proba").checked && !at("likely").hidden;
  if (at("protocol").value === "/predict") return on ? { ...rest, proba: true } : rest;
  return on || Object.keys(others).length ? { ...rest, params: on ? { ...others, proba: true } : others } : rest;
}
const of = path => api.paths[path].post.requestBody.content["application/json"];
const answers = path => api.paths[path].post.responses["200"].content["application/json"].schema;
const place = () => at("protocol").value.replace("{name}", encodeURIComponent(api.info.title));
const quoted = text => "'" + text.replaceAll("'", "'\\''") + "'";
function told(asked) {
  at("body").value = shown(asked);
  at("curl").textContent = "curl -s " + quoted(location.origin + place()) + " -H \"Authorization: Bearer $AIAAS_TOKEN\" -H 'Content-Type: application/json' -d " + quoted(JSON.stringify(asked));
}
function choose() {
  at("likely").hidden = at("protocol").value.startsWith("/v2") || !answers("/predict").properties.y_proba;
  at("path").textContent = "POST " + place(); at("answer").textContent = "";
  told(of(at("protocol").value).example);
  sure();
}
function sure() {
  if (at("protocol").value.startsWith("/v2")) return;
  try { told(likely(JSON.parse(at("body").value))); } catch { at("answer").textContent = "The request is not JSON."; }
}
async function open_() {
  at("error").textContent = "";
  const reply = await fetch("/openapi.json", { headers: headers() });
  api = await reply.json();
  if (!reply.ok) { at("error").textContent = api.detail + ". " + api.hint; return; }
  const json = of("/predict");
  at("protocol").replaceChildren(...Object.entries(PROTOCOLS).filter(([path]) => api.paths[path]).map(([path, text]) => new Option(text, path)));
  at("name").textContent = api.info.title; at("about").textContent = api.info.description;
  choose();
  const cells = plain(json.schema).properties.X_test.oneOf[1].items.properties;
  at("columns").replaceChildren(...Object.entries(cells).map(([name, cell]) => {
    const row = document.createElement("tr"), kinds = [cell.type].flat();
    for (const text of [name, cell.description ?? kinds[0], kinds.includes("null") ? "yes" : "no"]) row.insertCell().textContent = text;
    return row;
  }));
  document.querySelector("main").hidden = false; at("door").hidden = true;
}
function leave() {
  document.querySelector("main").hidden = true; at("door").hidden = false; at("token").value = ""; at("token").focus();
}
async function ask() {
  const reply = await fetch(place(), { method: "POST", headers: headers(), body: at("body").value });
  at("answer").classList.toggle("bad", !reply.ok);
  at("answer").textContent = shown(await reply.json());
}
at("open").onclick = open_; at("ask").onclick = ask; at("protocol").onchange = choose; at("proba").onchange = sure; at("leave").onclick = leave;
at("token").onkeydown = event => { if (event.key === "Enter") open_(); };
</script></body></html>
"""
