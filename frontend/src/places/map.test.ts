import { afterEach, expect, test, vi } from "vitest";
import { answers, attach, page, press } from "../ui/testing.ts";
import connect from "./map.controller.ts";
import { clustered, heatOf, pathOf } from "./outlines.ts";
import { project, toGcj02, unproject } from "./systems.ts";
import { View } from "./view.ts";

const OUTLINES = { set: 1, level: "district", box: [121, 31, 122, 32], areas: [{ c: "1", n: "静湖区", p: [121.5, 31.5], r: [[12100000, 3100000, 100000, 0, 0, 100000, -100000, 0]] }] };
let end: (() => void) | undefined;
afterEach(() => { end?.(); end = undefined; vi.unstubAllGlobals(); });

function shown(attributes = "", inside = ""): HTMLElement {
  return page(`<div class="map" data-controller="map" data-outlines="/o.json?v=1" ${attributes}><div class="map-view" aria-label="图"></div>${inside}</div>`);
}

const FIELDS = '<p data-map-words></p><input name="latitude" data-map-latitude value="31.5"><input name="longitude" data-map-longitude value="121.5">';

test("the offset is the server's own, and there is none abroad", () => {
  const [east, north] = toGcj02(116.404, 39.915);
  expect(east).toBeCloseTo(116.41024449916938, 9);
  expect(north).toBeCloseTo(39.91640428150164, 9);
  expect(toGcj02(2.35, 48.85)).toEqual([2.35, 48.85]);
});

test("degrees and pixels come back to where they began, also after looking nearer at a spot", () => {
  const [x, y] = project(121.5, 31.2);
  expect(unproject(x, y)[0]).toBeCloseTo(121.5, 9);
  expect(unproject(x, y)[1]).toBeCloseTo(31.2, 9);
  const view = new View();
  view.fit(121, 31, 122, 32);
  const under = view.under(100, 50);
  view.turn(2, 100, 50);
  expect(view.under(100, 50)[0]).toBeCloseTo(under[0], 9);
  expect(view.under(100, 50)[1]).toBeCloseTo(under[1], 9);
});

test("rings of differences become one path; crowded markers one with a number", () => {
  expect(pathOf(OUTLINES.areas[0]!.r, project(121, 31))).toMatch(/^M-?0\.00 -?0\.00L728\.18 /);
  const at = (east: number, north: number) => [east, north] as const;
  const cells = clustered([{ latitude: 1, longitude: 1, label: "a" }, { latitude: 3, longitude: 3, label: "b" }, { latitude: 90, longitude: 90, label: "c" }], at);
  expect(cells.map((cell) => [cell.x, cell.markers.length])).toEqual([[2, 2], [90, 1]]);
  expect([heatOf(0, 9), heatOf(1, 100), heatOf(100, 100)]).toEqual([0, 1, 5]);
});

test("areas are drawn, coloured by number, and listed for whoever does not see the map", async () => {
  answers(Response.json(OUTLINES));
  const map = shown('data-counts=\'{"1": 12}\'');
  end = attach(connect, map);
  await vi.waitFor(() => expect(map.querySelector("[data-code='1']")?.classList.contains("map-heat-5")).toBe(true));
  expect(map.querySelector(".map-counts li")?.textContent).toBe("静湖区：12");
});

test("an arrow key moves the point and the fields say where it is", () => {
  answers(Response.json(OUTLINES));
  const map = shown("data-pick data-reverse='/r'", FIELDS);
  const heard: unknown[] = [];
  map.addEventListener("map:picked", (event) => heard.push((event as CustomEvent).detail));
  end = attach(connect, map);
  press("ArrowRight", {}, map.querySelector("svg")!);
  const [latitude, longitude] = [...map.querySelectorAll("input")].map((field) => Number(field.value));
  expect(longitude).toBeGreaterThan(121.5);
  expect(latitude).toBeCloseTo(31.5, 4);
  expect(heard).toEqual([{ latitude: expect.closeTo(31.5, 4), longitude: expect.closeTo(longitude!, 5) }]);
});

test("without outlines it says so and still takes a point", async () => {
  answers(new Response("", { status: 404 }));
  const map = shown("data-pick data-reverse='/r'", FIELDS);
  end = attach(connect, map);
  await vi.waitFor(() => expect(map.querySelector(".map-empty")?.textContent).toContain("坐标仍可使用"));
  expect(map.querySelector(".map-pin")?.classList.contains("map-gone")).toBe(false);
});
