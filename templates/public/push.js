// "Get alerts on this device": shown only where the browser can. What it subscribes to is this agency's key alone.
(function () {
  "use strict";
  var box = document.getElementById("push"), scope = "/push/";
  if (!box || !("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) { return; }
  var join = box.querySelector("[data-join]"), leave = box.querySelector("[data-leave]"), told = box.querySelector("[role=status]");

  function say(text) { told.textContent = text; }
  function key() {
    var text = box.dataset.key.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(text + "===".slice((text.length + 3) % 4)), function (c) { return c.charCodeAt(0); });
  }
  function registered() { return navigator.serviceWorker.getRegistration(scope); }
  function current() { return registered().then(function (r) { return r ? r.pushManager.getSubscription() : null; }); }
  function ready(registration) {
    if (registration.active) { return registration; }
    var worker = registration.installing || registration.waiting;
    return new Promise(function (done) {
      worker.addEventListener("statechange", function () { if (worker.state === "activated") { done(registration); } });
    });
  }
  function post(path, body) {
    return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
      .then(function (r) { if (!r.ok) { throw new Error(r.status); } });
  }
  function zones() {
    return Array.from(document.querySelectorAll("input[name=zones]:checked"), function (one) { return one.value; });
  }
  function failed() { say(Notification.permission === "denied" ? box.dataset.denied : box.dataset.failed); }

  join.addEventListener("click", function () {
    var chosen = zones(), language = document.getElementById("language").value;
    if (!chosen.length) { say(box.dataset.zones); return; }
    Notification.requestPermission().then(function (answer) {
      if (answer !== "granted") { say(box.dataset.denied); return null; }
      return navigator.serviceWorker.register("/push-worker.js", { scope: scope }).then(ready).then(function (registration) {
        return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key() });
      }).then(function (subscription) {
        return post("/subscribe/push", { subscription: subscription, language: language, zones: chosen });
      }).then(function () { say(box.dataset.done); leave.hidden = false; });
    }).catch(failed);
  });
  leave.addEventListener("click", function () {
    current().then(function (subscription) {
      return subscription && post("/subscribe/push/leave", { subscription: subscription }).then(function () { return subscription.unsubscribe(); });
    }).then(function () { say(box.dataset.left); leave.hidden = true; }).catch(failed);
  });
  current().then(function (subscription) { leave.hidden = !subscription; });
  box.hidden = false;
})();
