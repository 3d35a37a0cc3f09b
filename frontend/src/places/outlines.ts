import { project, type Pair } from "./systems.ts";

/** What `/places/outlines/<level>.json` answers; see hotline/places/queries/drawing.py. */
export interface Outlines {
  set: number;
  level: string;
  box: [number, number, number, number] | [];
  areas: { c: string; n: string; p: [number, number]; r: number[][] }[];
}

export interface Shape {
  code: string;
  name: string;
  label: Pair;
  path: string;
}

/** Zoom at which paths are written; a group's transform does the rest, so that moving draws nothing anew. */
export const WRITTEN = 10;

/** Rings of differences in 1/100,000 degrees to one SVG path around `origin` (world units). */
export function pathOf(rings: readonly number[][], origin: Pair): string {
  const scale = 2 ** WRITTEN;
  return rings
    .map((ring) => {
      let [longitude, latitude] = [0, 0];
      const corners: string[] = [];
      for (let place = 0; place + 1 < ring.length; place += 2) {
        longitude += ring[place] ?? 0;
        latitude += ring[place + 1] ?? 0;
        const [x, y] = project(longitude / 1e5, latitude / 1e5);
        corners.push(`${((x - origin[0]) * scale).toFixed(2)} ${((y - origin[1]) * scale).toFixed(2)}`);
      }
      return `M${corners.join("L")}Z`;
    })
    .join("");
}

export function shapesOf(outlines: Outlines, origin: Pair): Shape[] {
  return outlines.areas.map((area) => ({ code: area.c, name: area.n, label: area.p, path: pathOf(area.r, origin) }));
}

/** Classes of a count, 0 for none to 5 for the most, by square root so that one crowded area does not pale the others. */
export function heatOf(count: number, most: number): number {
  if (count <= 0 || most <= 0) return 0;
  return Math.max(1, Math.ceil(5 * Math.sqrt(count / most)));
}

export interface Marker {
  latitude: number;
  longitude: number;
  label: string;
  url?: string;
  tone?: string;
}

/** Markers that would lie on each other become one with a number: cells of `size` pixels. */
export function clustered(
  markers: readonly Marker[],
  at: (longitude: number, latitude: number) => Pair,
  size = 44,
): { x: number; y: number; markers: Marker[] }[] {
  const cells = new Map<string, { x: number; y: number; markers: Marker[] }>();
  for (const marker of markers) {
    const [x, y] = at(marker.longitude, marker.latitude);
    const key = `${Math.floor(x / size)}:${Math.floor(y / size)}`;
    const cell = cells.get(key);
    if (cell) {
      cell.x += (x - cell.x) / (cell.markers.length + 1);
      cell.y += (y - cell.y) / (cell.markers.length + 1);
      cell.markers.push(marker);
    } else cells.set(key, { x, y, markers: [marker] });
  }
  return [...cells.values()];
}
