// Moving parts of a screen: <div data-live="URL"> is fetched again every few seconds (header X-Part: 1) and replaced
// when it changed. Without script a screen stays right at the time it was loaded. Absolute times get a relative one.
const EVERY = 3000, LOST = 12000;
const loaded = new Date();
const heard = new WeakMap();  // part -> when it was last right: one that fails is told of though others answer
const since = (part) => heard.get(part) ?? +loaded;
const lost = document.getElementById("lost"), told = document.getElementById("told");

function ago() {
  const [past, future, hours, inHours, now] = (document.body.dataset.ago || "||||").split("|");
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const minutes = Math.round((Date.now() - Date.parse(time.dateTime)) / 60000), far = Math.abs(minutes);
    const words = far < 1 ? now : far >= 120 ? (minutes > 0 ? hours : inHours) : (minutes > 0 ? past : future);
    let mark = time.nextElementSibling;
    if (!mark || !mark.classList.contains("ago")) {
      mark = document.createElement("span");
      mark.className = "ago";
      time.after(mark);
    }
    const said = ` (${words.replace("{n}", far >= 120 ? Math.round(far / 60) : far)})`;
    if (mark.textContent !== said) mark.textContent = said;
  }
}

function busy(part) {  // somebody types or has a menu open in it: wait
  const here = document.activeElement;
  return part.contains(here) && here.matches("input, textarea, select") || part.querySelector("dialog[open]");
}

async function renew(part) {
  if (document.hidden) return;
  if (busy(part)) return heard.set(part, Date.now());
  const asked = await fetch(part.dataset.live, { headers: { "X-Part": "1" }, redirect: "manual", signal: AbortSignal.timeout(8000) });
  if (asked.type === "opaqueredirect" || asked.status === 401 || asked.status === 403) {
    if (part.dataset.keep === undefined) location.reload();  // data-keep: never at the cost of what is being typed
    return;
  }
  if (!asked.ok) throw new Error(asked.status);
  const body = await asked.text();
  heard.set(part, Date.now());
  const told_now = untokened(body);
  if (told_now === part.dataset.was) return;
  const first = part.dataset.was === undefined;
  part.dataset.was = told_now;
  if (first && same(untokened(part.innerHTML), told_now)) return;
  const open = [...part.querySelectorAll("details[open][id]")].map((d) => d.id);
  const focus = part.contains(document.activeElement) ? document.activeElement.id || document.activeElement.getAttribute("href") : "";
  part.innerHTML = body;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focus) (document.getElementById(focus) || part.querySelector(`[href="${CSS.escape(focus)}"]`))?.focus({ preventScroll: true });
  const news = part.querySelector("[data-tell]")?.dataset.tell || "";
  if (news && news !== part.dataset.told) { part.dataset.told = news; told.textContent = news; }
  part.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
  ago();
}

const untokened = (html) => html.replace(/(name="csrf_token" value=")[^"]*/g, "$1");  // new in each answer, and no news
const same = (a, b) => a.replace(/\s+/g, "") === b.replace(/\s+/g, "");

/** In the agency's zone, with its name, as every other time on the page: "04:12 PST". */
function clock(at) {
  const said = new Intl.DateTimeFormat("en-US", { timeZone: lost.dataset.timezone, hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  return said.format(at);
}

async function round() {
  for (const part of document.querySelectorAll("[data-live]")) {
    try { await renew(part); } catch { /* shown below when it lasts */ }
  }
  if (document.querySelector("[data-live]") && !document.hidden) {
    const oldest = Math.min(...[...document.querySelectorAll("[data-live]")].map(since));
    lost.hidden = Date.now() - oldest < LOST;
    lost.querySelector("[data-since]").textContent = clock(oldest);
  }
  setTimeout(round, EVERY);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) for (const part of document.querySelectorAll("[data-live]")) heard.set(part, Date.now()); });
document.addEventListener("click", (event) => {  // an open menu closes when somebody clicks elsewhere
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details[data-menu][open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});

// --- sending a form: once, and never into a dead network, which would leave a page that knows nothing of what was typed
const BUSY = 6000, unsent = document.getElementById("unsent"), going = new Set();
addEventListener("submit", (event) => {  // at the window: after whoever holds a form back until a passkey has signed
  const form = event.target;
  if (event.defaultPrevented || (form.getAttribute("method") || "").toLowerCase() !== "post") return;
  if (going.has(form)) return event.preventDefault();
  if (!navigator.onLine) {
    event.preventDefault();
    delete form.dataset.sent;
    unsent.hidden = false;
    return;
  }
  unsent.hidden = true;
  going.add(form);
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(free, BUSY);  // no answer came: it may be pressed again, what was done is not done twice
});
function free() {
  going.clear();
  for (const button of document.querySelectorAll('button[aria-busy="true"]')) button.removeAttribute("aria-busy");
}
addEventListener("pageshow", (event) => { if (event.persisted) free(); });
addEventListener("online", () => { unsent.hidden = true; });
document.querySelector("[data-refused]")?.focus();  // why nothing was sent, at the top of the answer
ago();
setInterval(ago, 15000);
setTimeout(round, EVERY);
