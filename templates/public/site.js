// Without this file the page is right too: it is rewritten at every expiry and refreshed by <noscript>.
// With it: /live tells of a new version, polling stands behind it, and the page says by itself when it is old.
(function () {
  "use strict";
  var body = document.body, version = body.dataset.version, staleAfter = 180, paused = false, waiting = false;
  var heard = Date.now(), age = 0; // age of the last check, in ms, by the server's own clock, when we heard of it

  function learn(info, date) {
    var served = date ? Date.parse(date) : NaN, checked = info.checked ? Date.parse(info.checked) : NaN;
    staleAfter = info.stale_after;
    if (!isNaN(served) && !isNaN(checked)) { age = Math.max(0, served - checked); heard = Date.now(); }
    var words = info.checked_words && info.checked_words[document.documentElement.lang];
    if (words) { document.querySelectorAll(".clock").forEach(function (e) { e.textContent = words; }); }
    judge();
    if (String(info.version) !== version) { renew(info); }
  }
  function judge() {
    var old = document.getElementById("stale"), late = age + Date.now() - heard > staleAfter * 1000;
    if (late && !old) {
      var clock = document.querySelector(".clock"), band = document.createElement("p");
      band.id = "stale"; band.className = "stale";
      band.textContent = body.dataset.stale.replace("{time}", clock ? clock.textContent : "");
      body.insertBefore(band, body.firstChild);
    } else if (!late && old) { old.remove(); }
  }
  function renew(info) {
    if (paused) { waiting = true; return; }
    fetch(location.pathname, { cache: "no-cache" }).then(function (r) {
      if (!r.ok) { throw new Error(r.status); }
      return r.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html"), main = fresh.querySelector("main");
      if (!main) { return; }
      var before = ids(document), inside = document.activeElement && document.querySelector("main").contains(document.activeElement);
      var href = inside && document.activeElement.getAttribute("href");
      document.querySelector("main").innerHTML = main.innerHTML;
      version = fresh.body.dataset.version;
      if (href) { var again = document.querySelector('main a[href="' + CSS.escape(href) + '"]'); if (again) { again.focus({ preventScroll: true }); } }
      announce(before);
    }).catch(function () { /* the next poll tries again; the stale band tells if that goes on */ });
  }
  function ids(where) { return Array.prototype.map.call(where.querySelectorAll("main .card"), function (c) { return c.id + c.className; }); }
  function announce(before) {
    document.querySelectorAll("main .card").forEach(function (card) {
      if (before.indexOf(card.id + card.className) >= 0) { return; }
      var head = card.querySelector("h1,h2,h3"), badge = card.querySelector(".badge"), region = card.classList.contains("act_now") ? "urgent" : "news";
      var place = document.getElementById(region);
      if (place && head) { place.textContent = (badge ? badge.textContent.trim() + ": " : "") + head.textContent; }
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
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { poll(); } });
  setInterval(judge, 1000);
  var foot = document.querySelector("footer");
  if (foot) {
    var button = document.createElement("button");
    button.className = "button"; button.type = "button"; button.textContent = body.dataset.pause;
    button.addEventListener("click", function () {
      paused = !paused; button.textContent = paused ? body.dataset.resume : body.dataset.pause;
      if (!paused && waiting) { waiting = false; poll(); }
    });
    foot.insertBefore(button, foot.firstChild.nextSibling);
  }
  poll().then(again, again); open();
})();
