import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";
import { clustered, heatOf, shapesOf, WRITTEN, type Marker, type Outlines, type Shape } from "./outlines.ts";
import { project, toGcj02, type Pair } from "./systems.ts";
import { View } from "./view.ts";

const SVG = "http://www.w3.org/2000/svg";
const TAP = 6; // pixels that a finger may slip and still tap
const STEP = 12; // pixels an arrow key moves
const TILE = 256;

function svg<K extends keyof SVGElementTagNameMap>(name: K, values: Record<string, string | number> = {}): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, String(value));
  return made;
}

function read<T>(text: string | undefined, otherwise: T): T {
  try {
    return text ? (JSON.parse(text) as T) : otherwise;
  } catch {
    return otherwise;
  }
}

/**
 * A map of outlines that needs no tile server. Drag, wheel, pinch, + and - move it; arrow keys move it too, or the point
 * where one is picked. `map:picked` tells {latitude, longitude} or null, `map:located` the server's words for it.
 */
const connect: Connect = (element, signal) => {
  const frame = element.querySelector<HTMLElement>(".map-view");
  if (!frame) return;
  const picks = element.hasAttribute("data-pick");
  const drawField = element.dataset["draw"]
    ? (element.closest("form") ?? document).querySelector<HTMLInputElement>(`[name="${CSS.escape(element.dataset["draw"])}"]`)
    : null;
  const markers = read<Marker[]>(element.dataset["markers"], []);
  const counts = read<Record<string, number> | null>(element.dataset["counts"], null);
  const latitude = element.querySelector<HTMLInputElement>("[data-map-latitude]");
  const longitude = element.querySelector<HTMLInputElement>("[data-map-longitude]");
  const words = element.querySelector<HTMLElement>("[data-map-words]");
  const view = new View();
  let shapes: Shape[] = [];
  let origin: Pair = [0, 0];
  let box: Outlines["box"] = [];
  let detail = -1;
  let pin: Pair | null = null; // longitude, latitude
  let corners: Pair[] = [];
  let asked = 0;

  const canvas = svg("svg", { class: "map-canvas", tabindex: 0, role: "img" });
  canvas.setAttribute("aria-label", frame.getAttribute("aria-label") ?? "");
  const tiles = svg("g", { class: "map-tiles" });
  const land = svg("g", { class: "map-land" });
  const drawing = svg("g", { class: "map-drawing" });
  const names = svg("g", { class: "map-names" });
  const marks = svg("g", { class: "map-marks" });
  const pointer = svg("g", { class: "map-pin" });
  pointer.append(svg("circle", { r: 22, class: "map-pin-reach" }), svg("path", { d: "M0 0C-4 -9 -10 -13 -10 -20A10 10 0 1 1 10 -20C10 -13 4 -9 0 0Z" }), svg("circle", { cy: -20, r: 3.5, class: "map-pin-eye" }));
  canvas.append(tiles, land, drawing, names, marks, pointer);
  const bar = document.createElement("div");
  bar.className = "map-bar";
  const act = (sign: string, label: string, work: () => void): void => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => { work(); paint(); }, { signal });
    bar.append(button);
  };
  act("+", say({ zh: "放大", en: "Nearer" }), () => view.turn(1));
  act("−", say({ zh: "缩小", en: "Farther" }), () => view.turn(-1));
  act("□", say({ zh: "全图", en: "Whole map" }), () => whole());
  if (drawField) {
    act("←", say({ zh: "撤销上一个角点", en: "Take the last corner back" }), () => { corners.pop(); drawn(); });
    act("×", say({ zh: "清除所画范围", en: "Clear what was drawn" }), () => { corners = []; drawn(); });
  }
  const empty = document.createElement("p");
  empty.className = "map-empty";
  frame.replaceChildren(canvas, bar, empty);
  if (element.dataset["attribution"]) {
    const source = document.createElement("p");
    source.className = "map-source";
    source.textContent = element.dataset["attribution"];
    frame.append(source);
  }

  function size(): void {
    view.width = frame?.clientWidth || 640;
    view.height = frame?.clientHeight || 360;
    canvas.setAttribute("viewBox", `0 0 ${view.width} ${view.height}`);
  }

  function whole(): void {
    const places = pin ? [pin] : markers.map((one): Pair => [one.longitude, one.latitude]);
    if (drawField && corners.length) places.splice(0, places.length, ...corners);
    const first = places[0];
    // `data-around`: so many degrees are shown at least, for outlines say nothing from too near.
    const around = Number(element.dataset["around"] ?? 0) / 2;
    if (around && first) {
      const [east, north] = [places.map((one) => one[0]), places.map((one) => one[1])];
      view.fit(Math.min(...east) - around, Math.min(...north) - around, Math.max(...east) + around, Math.max(...north) + around);
    } else if (places.length === 1 && first) view.centre(first[0], first[1], 15);
    else if (places.length && !(box.length === 4 && counts)) {
      const east = places.map((one) => one[0]);
      const north = places.map((one) => one[1]);
      view.fit(Math.min(...east), Math.min(...north), Math.max(...east), Math.max(...north));
    } else if (box.length === 4) view.fit(...box);
    else view.centre(105, 35, 4);
  }

  // ── drawing ──

  let waiting = 0;
  function paint(): void {
    if (waiting) return;
    waiting = requestAnimationFrame(() => { waiting = 0; if (!signal.aborted) paintNow(); });
  }

  function paintNow(): void {
    const written = 2 ** WRITTEN;
    const scale = view.scale / written;
    const left = view.width / 2 - (view.x - origin[0]) * view.scale;
    const top = view.height / 2 - (view.y - origin[1]) * view.scale;
    land.setAttribute("transform", `translate(${left.toFixed(2)} ${top.toFixed(2)}) scale(${scale.toFixed(6)})`);
    paintTiles();
    paintNames();
    paintMarks();
    paintDrawing();
    pointer.classList.toggle("map-gone", !pin);
    if (pin) {
      const [x, y] = view.at(pin[0], pin[1]);
      pointer.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    }
    refine();
  }

  function paintTiles(): void {
    const pattern = element.dataset["tiles"];
    if (!pattern) return;
    const zoom = Math.max(3, Math.min(18, Math.round(view.zoom)));
    const side = TILE * 2 ** (view.zoom - zoom);
    let [x, y] = [view.x, view.y];
    if (element.dataset["tilesSystem"] === "gcj02") {
      // Offset maps lie some hundred metres beside: over one screen always by the same.
      const [east, north] = view.under(view.width / 2, view.height / 2);
      [x, y] = project(...toGcj02(east, north));
    }
    const count = 2 ** zoom;
    const middle: Pair = [(x / 256) * count, (y / 256) * count];
    const wanted = new Map<string, { url: string; x: number; y: number }>();
    const across = Math.ceil(view.width / side / 2) + 1;
    const down = Math.ceil(view.height / side / 2) + 1;
    for (let column = Math.floor(middle[0]) - across; column <= middle[0] + across; column += 1) {
      for (let row = Math.floor(middle[1]) - down; row <= middle[1] + down; row += 1) {
        const left = view.width / 2 + (column - middle[0]) * side;
        const top = view.height / 2 + (row - middle[1]) * side;
        if (left + side < 0 || top + side < 0 || left > view.width || top > view.height || row < 0 || row >= count) continue;
        const turned = ((column % count) + count) % count;
        const url = pattern.replace("{z}", String(zoom)).replace("{x}", String(turned)).replace("{y}", String(row));
        wanted.set(`${zoom}/${column}/${row}`, { url, x: left, y: top });
      }
    }
    for (const old of [...tiles.children]) if (!wanted.has(old.getAttribute("data-tile") ?? "")) old.remove();
    for (const [key, tile] of wanted) {
      const there = tiles.querySelector(`[data-tile="${key}"]`);
      const image = there ?? svg("image", { "data-tile": key, href: tile.url });
      image.setAttribute("x", tile.x.toFixed(2));
      image.setAttribute("y", tile.y.toFixed(2));
      image.setAttribute("width", (side + 0.5).toFixed(2));
      image.setAttribute("height", (side + 0.5).toFixed(2));
      if (!there) tiles.append(image);
    }
  }

  function paintNames(): void {
    names.replaceChildren();
    const taken: [number, number, number, number][] = [];
    for (const shape of shapes) {
      const [x, y] = view.at(shape.label[0], shape.label[1]);
      const count = counts ? (counts[shape.code] ?? 0) : null;
      const wide = shape.name.length * 6.5 + 4;
      const place: [number, number, number, number] = [x - wide, y - 10, x + wide, y + (count === null ? 6 : 20)];
      if (place[2] < 0 || place[0] > view.width || place[3] < 0 || place[1] > view.height) continue;
      if (taken.some((one) => one[0] < place[2] && one[2] > place[0] && one[1] < place[3] && one[3] > place[1])) continue;
      taken.push(place);
      const text = svg("text", { x: x.toFixed(1), y: y.toFixed(1) });
      text.textContent = shape.name;
      names.append(text);
      if (count !== null) {
        const number = svg("text", { x: x.toFixed(1), y: (y + 15).toFixed(1), class: "map-number" });
        number.textContent = count.toLocaleString();
        names.append(number);
      }
    }
  }

  function paintMarks(): void {
    marks.replaceChildren();
    for (const cell of clustered(markers, (east, north) => view.at(east, north))) {
      if (cell.x < -40 || cell.y < -40 || cell.x > view.width + 40 || cell.y > view.height + 40) continue;
      const [only] = cell.markers;
      if (!only) continue;
      const many = cell.markers.length;
      const group = svg("g", { transform: `translate(${cell.x.toFixed(1)} ${cell.y.toFixed(1)})`, class: `map-mark map-${only.tone ?? "active"}` });
      const title = svg("title");
      if (many > 1) {
        group.classList.add("map-cluster");
        group.append(svg("circle", { r: Math.min(26, 12 + Math.log2(many) * 2.5) }));
        const number = svg("text", { y: 4 });
        number.textContent = String(many);
        group.append(number);
        title.textContent = say({ zh: "{n} 处，点开放大", en: "{n} places; press to look nearer" }, { n: many });
        group.addEventListener("click", () => { view.centre(...view.under(cell.x, cell.y), view.zoom + 2); paint(); }, { signal });
      } else {
        const link = only.url ? svg("a", { href: only.url, "aria-label": only.label }) : svg("g");
        link.append(svg("circle", { r: 7 }), svg("circle", { r: 18, class: "map-reach" }));
        group.append(link);
        title.textContent = only.label;
      }
      group.prepend(title);
      marks.append(group);
    }
  }

  function paintDrawing(): void {
    drawing.replaceChildren();
    if (!corners.length) return;
    const places = corners.map((one) => view.at(one[0], one[1]));
    drawing.append(svg("path", { d: `M${places.map((one) => `${one[0].toFixed(1)} ${one[1].toFixed(1)}`).join("L")}Z` }));
    for (const one of places) drawing.append(svg("circle", { cx: one[0].toFixed(1), cy: one[1].toFixed(1), r: 5 }));
  }

  // ── outlines ──

  function show(outlines: Outlines): void {
    const first = box.length !== 4;
    box = outlines.box;
    if (box.length === 4) origin = project((box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
    shapes = shapesOf(outlines, origin);
    const most = counts ? Math.max(0, ...Object.values(counts)) : 0;
    land.replaceChildren(
      ...shapes.map((shape) => {
        const path = svg("path", { d: shape.path, "fill-rule": "evenodd", "data-code": shape.code });
        if (counts) path.classList.add(`map-heat-${heatOf(counts[shape.code] ?? 0, most)}`);
        const title = svg("title");
        title.textContent = counts ? `${shape.name} ${counts[shape.code] ?? 0}` : shape.name;
        path.append(title);
        return path;
      }),
    );
    if (first) {
      whole();
      if (counts) list();
    }
    paintNow();
  }

  async function load(wanted: number): Promise<void> {
    const address = element.dataset["outlines"];
    if (!address || wanted <= detail) return;
    detail = wanted;
    try {
      const answer = await fetch(`${address}&detail=${wanted}`, { signal });
      if (!answer.ok) throw new Error(String(answer.status));
      show((await answer.json()) as Outlines);
      empty.textContent = "";
    } catch {
      if (signal.aborted || shapes.length) return;
      detail = -1; // asked again when the map is moved
      empty.textContent = element.dataset["lost"] ?? say({ zh: "地图边界未能载入；列表和坐标仍可使用。", en: "The outlines could not be loaded; the list and coordinates still work." });
    }
  }

  function refine(): void {
    if (!shapes.length) return;
    void load(view.zoom > 14 ? 2 : view.zoom > 11.5 ? 1 : 0);
  }

  /** The same as a list, for whoever does not see the map. */
  function list(): void {
    if (!counts || element.querySelector(".map-counts")) return;
    const details = document.createElement("details");
    details.className = "map-list map-counts";
    const summary = document.createElement("summary");
    summary.textContent = say({ zh: "按区域列出", en: "By area, as a list" });
    const rows = document.createElement("ul");
    for (const shape of [...shapes].sort((one, other) => (counts[other.code] ?? 0) - (counts[one.code] ?? 0))) {
      const row = document.createElement("li");
      row.textContent = `${shape.name}：${(counts[shape.code] ?? 0).toLocaleString()}`;
      rows.append(row);
    }
    details.append(summary, rows);
    element.append(details);
  }

  // ── picking a point ──

  function pick(place: Pair | null, fill = true): void {
    pin = place;
    if (fill && latitude && longitude) {
      latitude.value = place ? place[1].toFixed(6) : "";
      longitude.value = place ? place[0].toFixed(6) : "";
      for (const field of [latitude, longitude]) field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    element.dispatchEvent(new CustomEvent("map:picked", { bubbles: true, detail: place && { latitude: place[1], longitude: place[0] } }));
    paint();
    locate();
  }

  let timer = 0;
  function locate(): void {
    window.clearTimeout(timer);
    asked += 1;
    const mine = asked;
    if (!words) return;
    if (!pin) {
      words.textContent = say({ zh: "在地图上点选位置，或用方向键移动标记。", en: "Tap the place on the map, or move the mark by the arrow keys." });
      return;
    }
    const [east, north] = pin;
    timer = window.setTimeout(async () => {
      try {
        const answer = await fetch(`${element.dataset["reverse"]}?latitude=${north.toFixed(6)}&longitude=${east.toFixed(6)}`, { signal });
        const found = (await answer.json()) as { words: string };
        if (mine !== asked) return;
        words.textContent = found.words || `${north.toFixed(5)}, ${east.toFixed(5)}`;
        element.dispatchEvent(new CustomEvent("map:located", { bubbles: true, detail: found }));
      } catch {
        if (mine === asked && !signal.aborted) words.textContent = `${north.toFixed(5)}, ${east.toFixed(5)}`;
      }
    }, 250);
  }

  function typed(): void {
    const north = Number.parseFloat(latitude?.value ?? "");
    const east = Number.parseFloat(longitude?.value ?? "");
    if (!latitude?.value.trim() && !longitude?.value.trim()) {
      if (pin) pick(null, false);
      return;
    }
    if (!(Math.abs(north) <= 90 && Math.abs(east) <= 180)) return;
    const moved = !pin || Math.abs(pin[0] - east) > 1e-6 || Math.abs(pin[1] - north) > 1e-6;
    if (!moved) return;
    pick([east, north], false);
    const [x, y] = view.at(east, north);
    if (x < 0 || y < 0 || x > view.width || y > view.height || view.zoom < 13) view.centre(east, north, Math.max(view.zoom, 15));
  }

  function drawn(): void {
    if (!drawField) return;
    const ring = corners.map((one) => [Number(one[0].toFixed(6)), Number(one[1].toFixed(6))]);
    drawField.value = ring.length >= 3 ? JSON.stringify({ type: "Polygon", coordinates: [[...ring, ring[0]]] }) : "";
    drawField.dispatchEvent(new Event("change", { bubbles: true }));
    paint();
  }

  latitude?.addEventListener("change", typed, { signal });
  longitude?.addEventListener("change", typed, { signal });
  element.querySelector("[data-map-clear]")?.addEventListener("click", () => pick(null), { signal });
  element.querySelector("[data-map-here]")?.addEventListener("click", () => {
    if (words) words.textContent = say({ zh: "正在定位……", en: "Finding where you are…" });
    const failed = (): void => {
      if (words) words.textContent = say({ zh: "没有取得位置，请在地图上点选或填写地址。", en: "Your position was not given; tap the map or write the address." });
    };
    if (!("geolocation" in navigator)) return failed();
    navigator.geolocation.getCurrentPosition(
      (found) => {
        if (signal.aborted) return;
        view.centre(found.coords.longitude, found.coords.latitude, 16);
        pick([found.coords.longitude, found.coords.latitude]);
      },
      failed,
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
    );
  }, { signal });

  // ── hands ──

  const fingers = new Map<number, Pair>();
  let began: Pair = [0, 0];
  let moved = false;
  let held = false; // the pin
  const spot = (event: { clientX: number; clientY: number }): Pair => {
    const frameBox = canvas.getBoundingClientRect();
    return [event.clientX - frameBox.left, event.clientY - frameBox.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    fingers.set(event.pointerId, spot(event));
    if (fingers.size === 1) {
      began = spot(event);
      moved = false;
      held = picks && pin !== null && pointer.contains(event.target as Node);
    }
  }, { signal });

  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = spot(event);
    if (!moved && Math.hypot(now[0] - began[0], now[1] - began[1]) < TAP && fingers.size === 1) return;
    if (!moved && !canvas.hasPointerCapture?.(event.pointerId)) canvas.setPointerCapture?.(event.pointerId);
    moved = true;
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    if (other) {
      const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
      const is = Math.hypot(now[0] - other[0], now[1] - other[1]);
      view.move((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      if (was > 0 && is > 0) view.turn(Math.log2(is / was), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (held) {
      pin = view.under(now[0], now[1]);
    } else view.move(now[0] - before[0], now[1] - before[1]);
    paint();
  }, { signal });

  const lifted = (event: PointerEvent): void => {
    const there = fingers.delete(event.pointerId);
    if (!there || fingers.size) return;
    if (event.type === "pointercancel") return;
    if (moved) {
      if (held && pin) pick(pin);
      return;
    }
    const [x, y] = spot(event);
    if (drawField) {
      corners.push(view.under(x, y));
      drawn();
    } else if (picks) pick(view.under(x, y));
  };
  canvas.addEventListener("pointerup", lifted, { signal });
  canvas.addEventListener("pointercancel", lifted, { signal });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y] = spot(event);
    view.turn(-Math.sign(event.deltaY) * Math.min(1, Math.abs(event.deltaY) / 120) * 0.5, x, y);
    paint();
  }, { signal, passive: false });
  canvas.addEventListener("dblclick", (event) => {
    if (drawField || picks) return;
    const [x, y] = spot(event);
    view.turn(1, x, y);
    paint();
  }, { signal });

  const WAYS: Record<string, Pair> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const way = WAYS[event.key];
    if (way) {
      const step = event.shiftKey ? 1 : STEP;
      if (picks) {
        const [x, y] = pin ? view.at(pin[0], pin[1]) : [view.width / 2, view.height / 2];
        const next: Pair = [x + way[0] * step, y + way[1] * step];
        pick(view.under(next[0], next[1]));
        if (next[0] < 20 || next[1] < 40 || next[0] > view.width - 20 || next[1] > view.height - 20) view.move(-way[0] * view.width / 3, -way[1] * view.height / 3);
      } else view.move(-way[0] * step * 5, -way[1] * step * 5);
    } else if (event.key === "+" || event.key === "=") view.turn(1);
    else if (event.key === "-") view.turn(-1);
    else if (event.key === "Enter" && (picks || drawField)) {
      if (drawField) { corners.push(view.under(view.width / 2, view.height / 2)); drawn(); } else if (!pin) pick(view.under(view.width / 2, view.height / 2));
    } else return;
    event.preventDefault();
    event.stopPropagation();
    paint();
  }, { signal });

  if ("ResizeObserver" in window) {
    const observer = new ResizeObserver(() => { size(); paint(); });
    observer.observe(frame);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  // ── begin ──

  size();
  const before = drawField && read<{ coordinates?: Pair[][] } | null>(drawField.value, null);
  corners = (before?.coordinates?.[0] ?? []).slice(0, -1);
  const [north, east] = [Number.parseFloat(latitude?.value ?? ""), Number.parseFloat(longitude?.value ?? "")];
  if (Number.isFinite(north) && Number.isFinite(east)) pin = [east, north];
  whole();
  if (!element.dataset["outlines"] && !element.dataset["tiles"] && !markers.length) {
    empty.textContent = say({ zh: "尚未导入区划边界；可填写坐标或使用当前位置。", en: "No outlines are imported; type the coordinates or use your position." });
  }
  paintNow();
  if (picks) locate();
  void load(0);
};

export default connect;
