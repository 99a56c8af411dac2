// The map of zones, without tiles (Leaflet, loaded before this module). templates/console/map.html writes its element:
//   <div class="map" data-map hidden aria-label="..." data-zones-url="/console/zones.geojson">
// Attributes, all but the first two optional; the map follows when they or the form's inputs change:
//   data-zones-url   GeoJSON FeatureCollection with properties id, name
//   data-selected    zones shown as chosen: "id id" or, with a class of map.css each, "id=order id=warning"
//   data-shapes      rings as CAP writes them, "lat,lon lat,lon ...", one a line
//   data-choose      name of inputs of the same form: checkboxes `name` (value = zone id), which a tap toggles; or, with
//                    data-brush, radios `name.<zone id>`, which a tap sets to the brush's value (again: takes it away)
//   data-brush       name of the radios that hold the brush
//   data-draw        name of the textarea that holds the rings (with a brush: "VALUE-name"); drawing adds a line. Buttons [data-map-do] of the element
//                    named by data-tools: draw, corner, undo, close, clear; [data-map-said] tells what happened
// Without script the element stays hidden; lists and coordinates do the same.
const known = new Map();
const zonesOf = (url) => {
  if (!known.has(url)) known.set(url, fetch(url).then((answer) => answer.ok ? answer.json() : Promise.reject(answer.status)));
  return known.get(url);
};
const NAMED = 40;  // more zones than that are named on pointing only

export const rings = (text) => text.split(/[\n;|]+/).map((line) =>
  [...line.matchAll(/(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)/g)].map((pair) => [Number(pair[1]), Number(pair[2])])
).filter((ring) => ring.length > 2 && ring.every(([lat, lon]) => Math.abs(lat) <= 90 && Math.abs(lon) <= 180));

class Picture {
  constructor(element, zones) {
    this.element = element;
    this.form = element.closest("form") || document;
    this.tools = document.getElementById(element.dataset.tools || "");
    element.hidden = false;
    const coarse = matchMedia("(pointer: coarse)").matches;  // one finger scrolls the page, not the map
    this.map = L.map(element, { attributionControl: false, zoomSnap: 0.25, scrollWheelZoom: false, doubleClickZoom: false,
      zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false, dragging: !coarse, maxZoom: 18 });
    this.coarse = coarse;
    this.corners = null;
    this.zones = L.geoJSON(zones, { onEachFeature: (feature, layer) => {
      layer.bindTooltip(feature.properties.name, { permanent: zones.features.length <= NAMED, direction: "center", className: "zone-name" });
      layer.on("click", (event) => { L.DomEvent.stop(event); this.tapped(feature.properties.id, event.latlng); });
    } });
    this.shapes = L.layerGroup();
    this.drawing = L.layerGroup();
    this.fit();
    for (const group of [this.zones, this.shapes, this.drawing]) group.addTo(this.map);
    this.map.on("moveend zoomend resize", () => this.name());
    this.map.on("click", (event) => { if (this.corners) this.corner(event.latlng); });
    element.addEventListener("keydown", (event) => this.pressed(event));
    this.tools?.addEventListener("click", (event) => {
      const what = event.target.closest("[data-map-do]")?.dataset.mapDo;
      if (what) this[what]();
    });
    if (this.tools) this.tools.hidden = false;
    this.form.addEventListener("input", () => this.paint());
    this.form.addEventListener("change", () => this.paint());
    new MutationObserver(() => this.paint()).observe(element, { attributes: true, attributeFilter: ["data-selected", "data-shapes"] });
    new ResizeObserver(() => this.map.invalidateSize(false)).observe(element);
    this.paint();
  }

  // --- what is shown
  inputs() { return [...this.form.querySelectorAll("input")]; }
  chosen() {  // zone id -> class
    const { choose, brush, selected } = this.element.dataset;
    if (choose && brush) return new Map(this.inputs().filter((one) => one.checked && one.value && one.name.startsWith(`${choose}.`))
      .map((one) => [one.name.slice(choose.length + 1), one.dataset.paint || "chosen"]));
    if (choose) return new Map(this.inputs().filter((one) => one.checked && one.name === choose).map((one) => [one.value, "chosen"]));
    return new Map((selected || "").split(/\s+/).filter(Boolean).map((token) => {
      const [id, paint] = token.split("=");
      return [id, paint || "chosen"];
    }));
  }
  boxes() {  // textareas of rings: one, or one for each value of the brush
    const { draw, brush } = this.element.dataset;
    return draw ? [...this.form.querySelectorAll(brush ? `textarea[name$="-${draw}"]` : `textarea[name="${draw}"]`)] : [];
  }
  written() { return this.element.dataset.brush ? this.boxes().find((box) => box.name === `${this.brush()}-${this.element.dataset.draw}`) : this.boxes()[0]; }
  brush() { return this.inputs().find((one) => one.name === this.element.dataset.brush && one.checked)?.value ?? ""; }
  drawn() { return [...rings(this.element.dataset.shapes ?? ""), ...this.boxes().flatMap((box) => rings(box.value))]; }
  fit() {
    const all = this.zones, chosen = this.chosen();
    const wanted = all.getLayers().filter((layer) => chosen.has(layer.feature.properties.id));
    const bounds = L.latLngBounds([]);
    for (const layer of wanted.length || this.drawn().length ? wanted : all.getLayers()) bounds.extend(layer.getBounds());
    for (const ring of this.drawn()) bounds.extend(ring);
    if (bounds.isValid()) this.map.fitBounds(bounds.pad(wanted.length ? 0.35 : 0.05)); else this.map.setView([0, 0], 1);
  }
  paint() {
    const chosen = this.chosen();
    this.zones.eachLayer((layer) => {
      const paint = chosen.get(layer.feature.properties.id);
      layer.getElement()?.setAttribute("class", `leaflet-interactive zone${paint ? ` picked zone-${paint}` : ""}`);
    });
    this.name();
    this.shapes.clearLayers();
    for (const ring of this.drawn()) L.polygon(ring, { className: "drawn-area", interactive: false }).addTo(this.shapes);
    this.drawing.clearLayers();
    if (!this.corners) return;
    L.polyline(this.corners, { className: "drawn-line", interactive: false }).addTo(this.drawing);
    for (const at of this.corners) L.circleMarker(at, { radius: 6, className: "drawn-corner", interactive: false }).addTo(this.drawing);
  }

  name() {  // those of chosen zones first; a name that would lie on another is left out until there is room
    const chosen = this.chosen(), taken = [];
    const first = (layer) => chosen.has(layer.feature.properties.id) ? 0 : 1;
    for (const layer of this.zones.getLayers().sort((one, other) => first(one) - first(other))) {
      const label = layer.getTooltip();
      if (!label?.options.permanent || !label.getElement()) continue;
      const room = label.getElement().getBoundingClientRect();
      const free = !taken.some((other) => room.left < other.right && other.left < room.right && room.top < other.bottom && other.top < room.bottom);
      label.getElement().style.visibility = free ? "" : "hidden";
      if (free) taken.push(room);
    }
  }

  // --- what somebody does
  tapped(id, at) {
    if (this.corners) return this.corner(at);
    const { choose, brush } = this.element.dataset;
    if (!choose) return;
    if (!brush) {
      const box = this.inputs().find((one) => one.name === choose && one.value === id);
      if (box) { box.checked = !box.checked; this.changed(box); }
      return;
    }
    const value = this.brush();
    const mine = this.inputs().filter((one) => one.name === `${choose}.${id}`);
    const wanted = mine.find((one) => one.value === (mine.some((other) => other.checked && other.value === value) ? "" : value));
    if (wanted) { wanted.checked = true; this.changed(wanted); }
  }
  changed(input) { input.dispatchEvent(new Event("input", { bubbles: true })); input.dispatchEvent(new Event("change", { bubbles: true })); }
  pressed(event) {
    if (!this.corners || event.target !== this.element) return;
    const key = { Enter: "corner", " ": "corner", Backspace: "undo", Escape: "close", c: "close" }[event.key];
    if (key) { event.preventDefault(); this[key](); }
  }
  draw() {
    this.corners = [];
    this.element.classList.add("drawing");
    if (this.coarse) this.map.dragging.enable();
    this.element.focus({ preventScroll: true });
    this.say("start");
  }
  corner(at = this.map.getCenter()) {
    if (!this.corners) this.draw();
    this.corners.push([Number(at.lat.toFixed(5)), Number(at.lng.toFixed(5))]);
    this.say("corner", this.corners.at(-1).join(","));
  }
  undo() {
    this.corners?.pop();
    this.say("undone");
  }
  close() {
    if (!this.corners) return;
    const ring = this.corners, box = this.written();
    if (ring.length > 0 && ring.length < 3) return this.say("few");
    this.corners = null;
    this.element.classList.remove("drawing");
    if (this.coarse) this.map.dragging.disable();
    if (box && ring.length) {
      const line = [...ring, ring[0]].map((point) => point.join(",")).join(" ");
      box.value = [box.value.trim(), line].filter(Boolean).join("\n");
      this.changed(box);
    }
    this.say(ring.length ? "closed" : "left", String(ring.length));
  }
  clear() {
    this.corners = null;
    this.element.classList.remove("drawing");
    const box = this.written();
    if (box) { box.value = ""; this.changed(box); }
    this.say("cleared");
  }
  say(what, value = "") {
    this.paint();
    const said = this.tools?.querySelector("[data-map-said]");
    if (said) said.textContent = (said.dataset[what] || "").replace("{n}", this.corners?.length ?? value).replace("{where}", value);
    for (const button of this.tools?.querySelectorAll("[data-while]") || []) button.hidden = (button.dataset.while === "drawing") !== Boolean(this.corners);
  }
}

export async function show(root = document) {
  for (const element of root.querySelectorAll("[data-map]:not([data-ready])")) {
    element.dataset.ready = "1";
    try { new Picture(element, await zonesOf(element.dataset.zonesUrl)); } catch (error) { element.hidden = true; console.warn("no map", error); }
  }
}
document.addEventListener("renewed", (event) => show(event.target));
show();
