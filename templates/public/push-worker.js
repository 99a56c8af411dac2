// Shows what the agency sends to this device, with the page closed, too. It answers no requests and stores nothing.
"use strict";
self.addEventListener("push", function (event) {
  var said = event.data ? event.data.json() : {};
  event.waitUntil(self.registration.showNotification(said.title || said.body || "", {
    body: said.body, tag: said.tag, renotify: Boolean(said.tag), lang: said.language, dir: "auto", requireInteraction: true,
    data: { url: said.url }
  }));
});
self.addEventListener("notificationclick", function (event) {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url || "/"));
});
