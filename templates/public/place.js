// "Is my place in it?" by this phone's location: computed here, from the zones' and alerts' outlines. Nothing is sent.
(function () {
  "use strict";
  var doc = document, NEAR = 50; // metres that count as inside whatever the phone says of its own precision

  function inRing(x, y, ring) {
    var inside = false;
    for (var i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      var a = ring[i], b = ring[j];
      if ((a[1] > y) !== (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]) { inside = !inside; }
    }
    return inside;
  }
  function polygons(geometry) {
    if (!geometry) { return []; }
    if (geometry.type === "Polygon") { return [geometry.coordinates]; }
    if (geometry.type === "MultiPolygon") { return geometry.coordinates; }
    return (geometry.geometries || []).reduce(function (found, one) { return found.concat(polygons(one)); }, []);
  }
  function inside(x, y, geometry) {
    return polygons(geometry).some(function (rings) {
      return inRing(x, y, rings[0]) && !rings.slice(1).some(function (hole) { return inRing(x, y, hole); });
    });
  }
  function metres(x, y, geometry) { // to the nearest edge
    var wide = 111195 * Math.cos(y * Math.PI / 180), high = 111195, best = Infinity;
    polygons(geometry).forEach(function (rings) {
      rings.forEach(function (ring) {
        for (var i = 1; i < ring.length; i++) {
          var ax = (ring[i - 1][0] - x) * wide, ay = (ring[i - 1][1] - y) * high, bx = (ring[i][0] - x) * wide, by = (ring[i][1] - y) * high;
          var dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy, t = length ? Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length)) : 0;
          best = Math.min(best, Math.hypot(ax + t * dx, ay + t * dy));
        }
      });
    });
    return best;
  }
  function get(path) {
    return fetch(path, { cache: "no-cache" }).then(function (r) { if (!r.ok) { throw new Error(r.status); } return r.json(); });
  }
  function line(place, text) { var p = doc.createElement("p"); p.textContent = text; place.appendChild(p); return p; }
  function answer(box, place, here, zones, alerts) {
    var x = here.coords.longitude, y = here.coords.latitude, reach = Math.min(2000, Math.max(NEAR, here.coords.accuracy || 0));
    var list = doc.createElement("ul"), hit = [];
    list.className = "zones";
    place.textContent = "";
    zones.features.forEach(function (zone) {
      var isIn = inside(x, y, zone.geometry), row = doc.querySelector('#zones [data-zone="' + CSS.escape(zone.id) + '"]');
      if (!isIn && metres(x, y, zone.geometry) > reach + zone.properties.slack) { return; }
      hit.push(zone.id);
      line(place, (isIn ? box.dataset["in"] : box.dataset.near).replace("{zone}", zone.properties.name));
      if (row) { list.appendChild(row.cloneNode(true)); }
    });
    place.appendChild(list);
    alerts.features.forEach(function (area) {
      var facts = area.properties;
      if (facts.zones.some(function (zone) { return hit.indexOf(zone) >= 0; })) { return; }
      if (!inside(x, y, area.geometry) && metres(x, y, area.geometry) > reach) { return; }
      hit.push(facts.id);
      var p = line(place, box.dataset.area.replace("{alert}", "")), link = doc.createElement("a");
      link.href = box.dataset.prefix + "/alerts/" + encodeURIComponent(facts.slug); link.textContent = facts.headline;
      p.appendChild(link);
    });
    if (!hit.length) { place.textContent = box.dataset.outside; }
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
  }
  function start() {
    var box = doc.getElementById("locate");
    if (!box || box.firstChild) { return; }
    if (!navigator.geolocation) { box.hidden = true; return; }
    var ask = doc.createElement("button");
    ask.className = "button"; ask.type = "button"; ask.textContent = box.dataset.locate;
    box.appendChild(ask);
    line(box, box.dataset["private"]).className = "times";
  }
  doc.addEventListener("click", function (event) {
    var box = event.target.closest && event.target.closest("#locate button") && doc.getElementById("locate"), place = doc.getElementById("place");
    if (!box) { return; }
    place.textContent = box.dataset.locating;
    navigator.geolocation.getCurrentPosition(function (here) {
      Promise.all([get("/zones.geojson"), get("/alerts.geojson")]).then(function (found) {
        answer(box, place, here, found[0], found[1]);
      }).catch(function () { place.textContent = box.dataset.failed; });
    }, function (error) { place.textContent = error.code === 1 ? box.dataset.denied : box.dataset.failed; }, { timeout: 15000, maximumAge: 60000, enableHighAccuracy: true });
  });
  function plain(text) { return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/đ/g, "d").replace(/ø/g, "o").replace(/ł/g, "l"); }
  doc.addEventListener("input", function (event) { // the list narrows while one types; without script the form asks
    if (event.target.id !== "q") { return; }
    var words = plain(event.target.value).split(/\s+/).filter(Boolean), rows = Array.prototype.slice.call(doc.querySelectorAll("#zones li"));
    var fits = rows.filter(function (row) {
      var text = plain(row.textContent);
      return words.every(function (word) { return text.indexOf(word) >= 0; });
    });
    rows.forEach(function (row) { row.hidden = fits.length > 0 && fits.indexOf(row) < 0; }); // none fits: the whole list stays
    var box = doc.getElementById("locate"), place = doc.getElementById("place");
    place.textContent = fits.length ? "" : box.dataset.none.replace("{query}", event.target.value);
  });
  new MutationObserver(start).observe(doc.getElementById("main"), { childList: true });
  start();
})();
