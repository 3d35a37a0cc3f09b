import { project, unproject, type Pair } from "./systems.ts";

export const LEAST_ZOOM = 4;
export const MOST_ZOOM = 18.5;

/** What part of the world the map shows: a centre in world units, a zoom, a size in pixels. */
export class View {
  x = 0;
  y = 0;
  zoom = 10;
  width = 640;
  height = 360;

  get scale(): number {
    return 2 ** this.zoom;
  }

  /** Pixels from the top left. */
  at(longitude: number, latitude: number): Pair {
    const [x, y] = project(longitude, latitude);
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  /** Degrees under a pixel. */
  under(x: number, y: number): Pair {
    return unproject(this.x + (x - this.width / 2) / this.scale, this.y + (y - this.height / 2) / this.scale);
  }

  move(x: number, y: number): void {
    this.x -= x / this.scale;
    this.y = Math.max(0, Math.min(256, this.y - y / this.scale));
  }

  /** Nearer or farther; what lies under the given pixel stays there. */
  turn(by: number, x = this.width / 2, y = this.height / 2): void {
    const zoom = Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, this.zoom + by));
    const across = (x - this.width / 2) * (1 / this.scale - 1 / 2 ** zoom);
    const down = (y - this.height / 2) * (1 / this.scale - 1 / 2 ** zoom);
    this.x += across;
    this.y += down;
    this.zoom = zoom;
  }

  centre(longitude: number, latitude: number, zoom = this.zoom): void {
    [this.x, this.y] = project(longitude, latitude);
    this.zoom = Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, zoom));
  }

  /** Shows a box of degrees whole, with a margin. */
  fit(west: number, south: number, east: number, north: number, closest = 16): void {
    const [left, bottom] = project(west, south);
    const [right, top] = project(east, north);
    const wide = Math.max(right - left, 1e-9);
    const high = Math.max(bottom - top, 1e-9);
    const room = 0.92;
    const zoom = Math.log2(Math.min((this.width * room) / wide, (this.height * room) / high));
    this.x = (left + right) / 2;
    this.y = (top + bottom) / 2;
    this.zoom = Math.max(LEAST_ZOOM, Math.min(closest, zoom));
  }
}
