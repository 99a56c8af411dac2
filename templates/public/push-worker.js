// Shows what the agency sends to this device, with the page closed, too. It answers no requests and stores nothing: what
// must be known without a network stands in the notification itself.
"use strict";
self.addEventListener("push", function (event) {
  var said = {};
  try { said = event.data.json(); } catch (error) { said = { body: event.data ? event.data.text() : "" }; }
  event.waitUntil(self.registration.showNotification(said.title || said.body || "", {
    body: said.body, tag: said.tag, renotify: Boolean(said.tag), lang: said.language, dir: "auto", requireInteraction: true,
    timestamp: Date.parse(said.sent) || Date.now(), data: { url: said.url }
  }));
});
// The alert's page, in the tab that has it already.
self.addEventListener("notificationclick", function (event) {
  var url = new URL(event.notification.data.url || "/", self.location.href).href;
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: "window", includeUncontrolled: true }).then(function (open) {
    var tab = open.find(function (one) { return one.url.split("#")[0] === url; });
    return tab ? tab.focus() : self.clients.openWindow(url);
  }));
});
