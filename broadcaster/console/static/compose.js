// Writing an alert: the check follows the typing, drafts are kept at each pause, and what is typed outlives the page.
const form = document.querySelector("[data-compose]");
const check = form.querySelector("[data-check]"), keptLine = form.querySelector("[data-kept]");
const PAUSE = 600, KEEP = 4000;
const slotKey = `compose:${location.pathname}${location.search}`;
let asked = 0, checking = 0, keeping = 0, saved = serial(), failed = false, away = false, renewed = false;

function serial() {
  return [...new FormData(form)].filter(([name]) => !/^(csrf_token|tried|brush|(revision|id)(\..*)?)$/.test(name)).map((pair) => pair.join("=")).join("\n");
}

// --- the check
async function look() {
  const mine = ++asked;
  const body = new FormData(form);
  body.set("do", "preview");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Part": "1" }, redirect: "manual", signal: AbortSignal.timeout(15000) });
    if (mine !== asked || await outside(answer) || !answer.ok) return;
    put(await answer.text());
  } catch { /* the next change asks again; what is shown says nothing new */ }
}

function put(html) {
  const open = new Map([...check.querySelectorAll("details")].map((one) => [one.id, one.open])), focus = check.contains(document.activeElement) && document.activeElement.dataset.fix;
  const before = check.querySelector("[data-tell]")?.dataset.tell;
  check.innerHTML = html;
  for (const one of check.querySelectorAll("details")) if (open.has(one.id)) one.open = open.get(one.id);
  for (const place of form.querySelectorAll(".slot")) {
    const said = check.querySelector(`template[data-slot="${CSS.escape(place.dataset.slot)}"]`);
    place.innerHTML = said ? said.innerHTML : "";
  }
  for (const box of form.querySelectorAll(".n[data-people]")) {
    const count = check.querySelector(`template[data-people="${CSS.escape(box.dataset.people)}"]`);
    if (count) box.textContent = count.content.textContent;
  }
  const tell = check.querySelector("[data-tell]")?.dataset.tell;
  if (tell && tell !== before) document.getElementById("told").textContent = tell;
  if (focus) (check.querySelector("[data-fix]") || check.querySelector("a, summary"))?.focus({ preventScroll: true });
}

// --- the session: who is logged out says so, and a login in another tab gives this form its new mark
async function outside(answer) {
  if (answer.status === 400 && !renewed && await renew()) {
    renewed = true;  // once: a second refusal has another cause
    changed();
    return true;
  }
  away = answer.type === "opaqueredirect" || answer.status === 400 || answer.status === 401;
  if (away) tell(form.dataset.loggedOut, true);
  else renewed = false;
  return away;
}

async function renew() {
  const answer = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(15000) });
  if (!answer.ok) return false;
  const mark = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector('input[name="csrf_token"]').value;
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = mark;
  return true;
}

async function back() {
  if (!away) return;
  try {
    if (!await renew()) return;
  } catch { return; }
  away = false;
  tell("", false);
  changed();
}

// --- what is held back in this browser, and the draft kept at each pause
function hold() {
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrf_token");
  try { sessionStorage.setItem(slotKey, JSON.stringify({ id: form.querySelector('input[name="id"], input[name^="id."]').value, fields })); } catch { /* no room: the server's draft is what is left */ }
}

function bringBack() {  // what the server has kept since (cookie: id-revision of each form) is forgotten here
  const cookie = document.cookie.split("; ").find((one) => one.startsWith("composed="))?.slice(9) || "";
  const kept = new Map(cookie.split(".").map((one) => one.split("-")).map(([id, revision]) => [id, Number(revision)]));
  for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith("compose:"))) {
    const held = JSON.parse(sessionStorage.getItem(key));
    const from = Math.max(0, ...held.fields.filter(([name]) => name.startsWith("revision")).map(([, value]) => Number(value)));
    if (kept.has(held.id) && kept.get(held.id) > from) sessionStorage.removeItem(key);
  }
  const held = JSON.parse(sessionStorage.getItem(slotKey) || "null");
  if (!held) return;
  const was = serial(), stamps = [...form.querySelectorAll('input[name^="revision"], input[name="id"], input[name^="id."]')].map((input) => [input, input.value]);
  fill(held.fields);
  if (serial() === was) {
    for (const [input, value] of stamps) input.value = value;
    return sessionStorage.removeItem(slotKey);
  }
  document.getElementById("brought-back").hidden = false;
  changed();
}

function fill(fields) {
  const held = new Map();
  for (const [name, value] of fields) held.set(name, [...(held.get(name) || []), value]);
  for (const input of form.querySelectorAll("input, select, textarea")) {
    if (!input.name || input.name === "csrf_token" || input.name === "tried" || input.type === "submit") continue;
    const wanted = held.get(input.name) || [];
    if (input.type === "checkbox" || input.type === "radio") input.checked = input.disabled ? input.checked : wanted.includes(input.value);
    else if (wanted.length) input.value = wanted.shift();
  }
  for (const [name, values] of held) if (/(^|-)f\./.test(name) && !form.elements[name]) hidden(name).value = values[0];
  form.dispatchEvent(new Event("change"));
}

function hidden(name) {  // the plain variant for texts has no place of its own until the page is loaded again
  const input = Object.assign(document.createElement("input"), { type: "hidden", name });
  form.append(input);
  return input;
}

async function keep() {
  if (!("autosave" in form.dataset) || serial() === saved || failed) return;
  const now = serial(), body = new FormData(form);
  body.set("do", "autosave");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Part": "1" }, redirect: "manual", signal: AbortSignal.timeout(15000) });
    if (await outside(answer)) return;
    const said = await answer.json();
    failed = answer.status === 409;
    if (answer.ok) {
      for (const [name, value] of Object.entries(said.values)) if (form.elements[name]) form.elements[name].value = value;
      saved = now;
      if (serial() === now) sessionStorage.removeItem(slotKey);
    }
    tell(failed ? form.dataset.compare : said.text, !answer.ok);
  } catch { tell(form.dataset.lost, true); }
}

function tell(text, trouble) {
  keptLine.textContent = text;
  keptLine.classList.toggle("trouble", trouble);
}

function changed() {
  hold();
  clearTimeout(checking);
  clearTimeout(keeping);
  checking = setTimeout(look, PAUSE);
  keeping = setTimeout(keep, KEEP);
}

// --- small hands
function count(input) {
  const line = form.querySelector(`[data-count-of="${CSS.escape(input.id)}"]`);
  if (!line) return;
  const most = Number(input.dataset.most), length = [...input.value].length;
  line.textContent = `${length} / ${most}`;
  line.classList.toggle("over", length > most);
}

function later(hours) {  // the agency's clock, to the next five minutes
  const at = new Date(Math.ceil((Date.now() + hours * 3600000) / 300000) * 300000);
  return new Intl.DateTimeFormat("sv-SE", { timeZone: form.dataset.timezone, dateStyle: "short", timeStyle: "short" }).format(at).replace(" ", "T");
}

function unfold(input) {  // words that must be said in other languages too show where
  const name = input.name.replace(/(^|-)o\./, "$1f.");
  const more = form.querySelector(`[data-tongues="${CSS.escape(name)}"]`);
  if (more && input.value.trim() && (input.type === "text" || input.tagName === "TEXTAREA")) more.open = true;
}

function parts() {  // what holds nowhere is folded away, and opens with its first place
  for (const part of form.querySelectorAll("details[data-part]")) {
    const used = form.querySelector(`input[name^="part."][value="${part.dataset.part}"]:checked`) || form.elements[`${part.dataset.part}-shape`]?.value.trim();
    if (Boolean(used) !== (part.dataset.used === "1")) part.open = Boolean(used);
    part.dataset.used = used ? "1" : "0";
  }
}

form.addEventListener("change", parts);
form.addEventListener("input", (event) => { count(event.target); unfold(event.target); changed(); });
form.addEventListener("change", changed);
form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.plus) {
    event.preventDefault();
    const into = document.getElementById(button.dataset.into);
    into.value = later(Number(button.dataset.plus));
    const at = form.querySelector('input[name="end"][value="at"]');
    if (button.dataset.into === "expires" && at) at.checked = true;
    changed();
  }
  if (button.dataset.fix) {
    event.preventDefault();
    const input = form.elements[button.dataset.fix] || hidden(button.dataset.fix);
    input.value = button.dataset.text;
    count(input);
    hold();
    look();
    clearTimeout(keeping);
    keeping = setTimeout(keep, KEEP);
  }
});
form.addEventListener("keydown", (event) => {  // Enter in a line of text is no decision
  if (event.key === "Enter" && event.target.matches('input:not([type="submit"])')) { event.preventDefault(); clearTimeout(checking); look(); }
});
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) return event.preventDefault();
  hold();
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 4000);
});
form.addEventListener("click", (event) => {  // from a finding to what it is about
  const place = event.target.closest('.verdict a, .notes a')?.hash;
  const target = place && document.getElementById(place.slice(1));
  if (!target) return;
  const inside = target.closest("details");
  if (inside) inside.open = true;
  const box = target.closest(".field, section");
  const input = (inside || box)?.querySelector("input:not([type=hidden]), select, textarea");
  if (!target.matches("article") && input) { event.preventDefault(); input.focus(); input.scrollIntoView({ block: "center" }); }
});
document.querySelector("[data-forget]")?.addEventListener("click", () => { sessionStorage.removeItem(slotKey); location.href = location.href; });
addEventListener("focus", back);
addEventListener("pageshow", (event) => { if (event.persisted) delete form.dataset.sent; });

for (const search of form.querySelectorAll("[data-search]")) {
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    const wanted = search.value.trim().toLowerCase();
    for (const row of document.getElementById(search.dataset.search).querySelectorAll("[data-name]")) row.hidden = !row.dataset.name.includes(wanted);
  });
}
for (const part of form.querySelectorAll("[data-script], .soon")) part.hidden = false;
for (const part of form.querySelectorAll("[data-no-script]")) part.hidden = true;
for (const part of form.querySelectorAll("details[data-part]")) part.dataset.used = "1";
parts();
bringBack();
