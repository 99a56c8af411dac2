// Without this file the page is right too: it is rewritten at every expiry and refreshed by <noscript>.
// With it: /live tells of a new version, polling stands behind it, and the page says by itself when it is old.
(function () {
  "use strict";
  var doc = document, body = doc.body, said = body.dataset, version = said.version, staleAfter = 180, paused = false, waiting = false;
  var heard = Date.now(), age = 0, offset = 0; // age of the last check by the server's own clock; how wrong this phone's is
  function all(what, where) { return Array.prototype.slice.call((where || doc).querySelectorAll(what)); }
  function tell(text, urgent) { var place = doc.getElementById(urgent ? "urgent" : "news"); if (place) { place.textContent = text; } }
  function button(text, act) {
    var made = doc.createElement("button");
    made.className = "button"; made.type = "button"; made.textContent = text; made.addEventListener("click", act);
    return made;
  }

  function learn(info, date) {
    var served = date ? Date.parse(date) : NaN, checked = info.checked ? Date.parse(info.checked) : NaN;
    staleAfter = info.stale_after;
    if (!isNaN(served)) { offset = served - Date.now(); if (!isNaN(checked)) { age = Math.max(0, served - checked); heard = Date.now(); } }
    var words = info.checked_words && info.checked_words[said.language];
    if (words) { all(".clock").forEach(function (e) { e.textContent = words; }); }
    judge();
    if (date) { relate(); }
    if (String(info.version) !== version) { renew(); }
  }
  function judge() {
    var old = doc.getElementById("stale"), late = age + Date.now() - heard > staleAfter * 1000;
    if (late && !old) {
      var clock = doc.querySelector(".clock"), band = doc.createElement("p");
      band.id = "stale"; band.className = "stale"; band.setAttribute("role", "status");
      body.insertBefore(band, body.firstChild);
      band.textContent = said.stale.replace("{time}", clock ? clock.textContent : "");
    } else if (!late && old) { old.remove(); }
  }
  function renew() {
    if (paused) { waiting = true; return; }
    fetch(location.pathname + location.search, { cache: "no-cache" }).then(function (r) {
      if (!r.ok) { throw new Error(r.status); }
      return r.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html"), main = fresh.querySelector("main"), ours = doc.querySelector("main");
      if (!main) { return; }
      var before = marks(), now = doc.activeElement, held = now && ours.contains(now) && (now.id ? "#" + CSS.escape(now.id) : now.getAttribute("href") && 'a[href="' + CSS.escape(now.getAttribute("href")) + '"]');
      var typed = doc.getElementById("q"), query = typed && typed.value;
      ours.innerHTML = main.innerHTML;
      ours.className = main.className;
      doc.title = fresh.title;
      version = fresh.body.dataset.version;
      if (query) { doc.getElementById("q").value = query; }
      var again = held && ours.querySelector(held);
      if (again) { again.focus({ preventScroll: true }); }
      decorate();
      announce(before);
    }).catch(function () { /* the next poll tries again; the stale band tells if that goes on */ });
  }
  function marks() { return all("main .card").map(function (c) { return c.id + c.className; }); }
  function announce(before) {
    var urgent = [], news = [];
    all("main .card").forEach(function (card) {
      if (before.indexOf(card.id + card.className) >= 0) { return; }
      var head = card.querySelector("h1,h2,h3,.head"), word = card.querySelector(".level,.badge");
      if (head) { (card.classList.contains("act_now") ? urgent : news).push((word ? word.textContent.trim() + ": " : "") + head.textContent.trim()); }
    });
    if (urgent.length) { tell(urgent.join(". "), true); }
    if (news.length) { tell(news.join(". ")); }
    if (before.length && !all("main .card").length) { var none = doc.querySelector(".none"); if (none) { tell(none.textContent.trim()); } }
  }
  function relate() { // "12 minutes ago", by the server's clock
    body.classList.add("told"); // until now the stylesheet kept room for it, so that nothing jumps
    if (!window.Intl || !Intl.RelativeTimeFormat) { return; }
    var words = new Intl.RelativeTimeFormat(doc.documentElement.lang, { numeric: "auto" });
    all("main time[datetime]").forEach(function (e) {
      var minutes = Math.round((Date.parse(e.getAttribute("datetime")) - Date.now() - offset) / 60000), far = Math.abs(minutes);
      var text = far < 60 ? words.format(minutes, "minute") : far < 2880 ? words.format(Math.round(minutes / 60), "hour") : "";
      var ago = e.nextElementSibling;
      if (!ago || ago.className !== "ago") { ago = doc.createElement("span"); ago.className = "ago"; e.after(" ", ago); }
      ago.textContent = text && "(" + text + ")";
    });
  }
  function share(link, title) {
    if (navigator.share) { navigator.share({ title: title, url: link }).catch(function () { /* the reader thought again */ }); return; }
    if (navigator.clipboard) { navigator.clipboard.writeText(link).then(function () { tell(said.copied); }); }
  }
  function decorate() {
    relate();
    if (!said.share || !(navigator.share || navigator.clipboard)) { all(".share").forEach(function (e) { e.remove(); }); return; }
    all("[data-link]").forEach(function (part) {
      var room = part.querySelector(".share"), head = part.querySelector("h1,h2");
      if (!room || room.firstChild) { return; }
      var made = button(navigator.share ? said.share : said.copy, function () { share(part.dataset.link, head ? head.textContent.trim() : doc.title); if (!navigator.share) { made.textContent = said.copied; } });
      room.appendChild(made);
      room.style.display = "inline-block";
      if (head) { made.setAttribute("aria-label", made.textContent + ": " + head.textContent.trim()); }
    });
  }
  function poll() {
    return fetch("/version.json", { cache: "no-store" }).then(function (r) {
      return r.json().then(function (info) { learn(info, r.headers.get("Date")); });
    }).catch(judge);
  }
  var live = null, failing = true;
  function open() {
    if (!window.EventSource) { return; }
    live = new EventSource("/live");
    live.addEventListener("version", function (e) { failing = false; learn(JSON.parse(e.data), null); });
    live.onerror = function () { failing = true; if (live.readyState === 2) { live.close(); setTimeout(open, 5000 + Math.random() * 10000); } };
  }
  function again() { setTimeout(function () { poll().then(again, again); }, (failing ? 10000 : 50000) + Math.random() * 10000); }
  doc.addEventListener("visibilitychange", function () { if (!doc.hidden) { poll(); } });
  setInterval(judge, 1000);
  setInterval(relate, 30000);
  var checked = doc.querySelector("footer .checked");
  if (checked) {
    var pause = button(said.pause, function () {
      paused = !paused; pause.textContent = paused ? said.resume : said.pause;
      if (!paused && waiting) { waiting = false; poll(); }
    });
    checked.after(pause);
  }
  decorate();
  poll().then(again, again); open();
})();
