/** The map of a task: outlines only, from the phone's cache where there is no network; the words above it say the same. */
import connectMap from "../places/map.controller.ts";
import { say } from "../ui/language.ts";
import { h } from "./dom.ts";
import { placeOf, type Place } from "./going.ts";
import type { Task } from "./types.ts";

/** Levels of the city's outlines as the shell names them; "" where none are imported. */
export interface Drawn { district: string; street: string }

/** Where the outlines around a task come from: the streets of its district, else the districts; "" when there are none. */
export function outlinesOf(task: Pick<Task, "division_code">, drawn: Drawn): string {
  const district = task.division_code.slice(0, 6);
  return drawn.street && /^\d{6}$/.test(district) ? `${drawn.street}&within=${district}` : drawn.district;
}

/** Addresses to be kept for the time without a network: coarse and fine, each district once. */
export function wanted(tasks: readonly Task[], drawn: Drawn): string[] {
  const found = tasks.filter((task) => placeOf(task)).map((task) => outlinesOf(task, drawn)).filter(Boolean);
  return [...new Set(found)].flatMap((address) => [0, 1, 2].map((detail) => `${address}&detail=${detail}`));
}

/** Draws one task's map and keeps it while the screen around it is drawn anew: no flicker, and it stays where it was moved to. */
export class TaskMap {
  private key = "";
  private made: HTMLElement | null = null;
  private stop = new AbortController();

  of(task: Task, here: Place | null, drawn: Drawn, tiles: DOMStringMap): HTMLElement | null {
    const there = placeOf(task);
    if (!there) return null;
    // One's own mark moves in steps of some hundred metres; each would draw the map anew.
    const near = here ? { latitude: Number(here.latitude.toFixed(3)), longitude: Number(here.longitude.toFixed(3)) } : null;
    const key = JSON.stringify([task.id, there, near]);
    if (key === this.key && this.made) return this.made;
    this.stop.abort();
    this.stop = new AbortController();
    const markers = [{ ...there, label: task.title, tone: "stopped" }];
    if (near) markers.push({ ...near, label: say({ zh: "您在这里", en: "You are here" }), tone: "done" });
    const address = outlinesOf(task, drawn);
    this.made = h("div", {
      class: "map fl-map", "data-markers": JSON.stringify(markers), "data-outlines": address || undefined, "data-around": address ? (address === drawn.district ? "0.07" : "0.03") : undefined,
      "data-tiles": tiles["tiles"] || undefined, "data-tiles-system": tiles["tilesSystem"] || undefined, "data-attribution": tiles["attribution"] || undefined,
      "data-lost": say({ zh: "没有网络，这一带的地图还没有存到手机里；请按上面的文字找。", en: "No network, and this part of the map is not kept on the phone; go by the words above." }),
    }, h("div", { class: "map-view", role: "group", "aria-label": say({ zh: "任务地图", en: "Map of the task" }) }));
    this.key = key;
    const [made, signal] = [this.made, this.stop.signal];
    // It measures itself, so it begins once it stands on the page.
    queueMicrotask(() => { if (!signal.aborted) connectMap(made, signal); });
    if (!address) made.append(h("p", { class: "fl-hint" }, say({ zh: "平台还没有导入区划边界，地图上只有位置点。", en: "The platform has no outlines yet; the map shows the points alone." })));
    return made;
  }
}
