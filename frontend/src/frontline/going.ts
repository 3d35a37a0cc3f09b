/** Where a task is from here, and which one is next. Pure. */
import { say } from "../ui/language.ts";
import type { Item, Task } from "./types.ts";

export interface Place { latitude: number; longitude: number; accuracy?: number }

export function metres(from: Place, to: Place): number {
  const turn = Math.PI / 180;
  const a = Math.sin(((to.latitude - from.latitude) * turn) / 2) ** 2
    + Math.cos(from.latitude * turn) * Math.cos(to.latitude * turn) * Math.sin(((to.longitude - from.longitude) * turn) / 2) ** 2;
  return 2 * 6_371_009 * Math.asin(Math.min(1, Math.sqrt(a)));
}

const WINDS = [
  { zh: "北", en: "north" }, { zh: "东北", en: "north-east" }, { zh: "东", en: "east" }, { zh: "东南", en: "south-east" },
  { zh: "南", en: "south" }, { zh: "西南", en: "south-west" }, { zh: "西", en: "west" }, { zh: "西北", en: "north-west" },
];

export function wind(from: Place, to: Place): string {
  const turn = Math.PI / 180;
  const x = Math.sin((to.longitude - from.longitude) * turn) * Math.cos(to.latitude * turn);
  const y = Math.cos(from.latitude * turn) * Math.sin(to.latitude * turn)
    - Math.sin(from.latitude * turn) * Math.cos(to.latitude * turn) * Math.cos((to.longitude - from.longitude) * turn);
  const sector = Math.round(((Math.atan2(x, y) / turn + 360) % 360) / 45) % 8;
  return say(WINDS[sector] ?? { zh: "", en: "" });
}

export function far(length: number): string {
  return length < 950
    ? say({ zh: "{n} 米", en: "{n} m" }, { n: Math.round(length / 10) * 10 })
    : say({ zh: "{n} 公里", en: "{n} km" }, { n: (length / 1000).toFixed(1) });
}

export function placeOf(task: Task): Place | null {
  return task.latitude === null || task.longitude === null ? null : { latitude: task.latitude, longitude: task.longitude };
}

/** The way in words, without any service: from the district down to the door, then straight on. */
export function way(task: Task, here: Place | null): string[] {
  const there = placeOf(task);
  const lines: string[] = [];
  if (here && there) {
    const straight = metres(here, there);
    lines.push(straight < 60
      ? say({ zh: "您就在附近（60 米以内）", en: "You are there (within 60 m)" })
      : say({ zh: "从您这里往{wind}，直线 {far}", en: "From you to the {wind}, {far} in a straight line" }, { wind: wind(here, there), far: far(straight) }));
  }
  if (task.division) lines.push(say({ zh: "到{name}", en: "To {name}" }, { name: task.division }));
  if (task.address) lines.push(say({ zh: "找到：{address}", en: "Find: {address}" }, { address: task.address }));
  return lines;
}

/** Minutes left count in steps of a quarter of an hour, so that of two that end together the nearer one is first. */
export function sorted(tasks: Task[], here: Place | null): Task[] {
  const due = (task: Task): number => (task.due ? Math.floor(Date.parse(task.due) / 900_000) : Number.MAX_SAFE_INTEGER);
  const away = (task: Task): number => {
    const there = placeOf(task);
    return here && there ? metres(here, there) : Number.MAX_SAFE_INTEGER;
  };
  return [...tasks].sort((a, b) => Number(a.next === null) - Number(b.next === null) || due(a) - due(b) || away(a) - away(b) || a.id - b.id);
}

const STEP_OF: Record<string, string> = { sign: "sign", contact: "contact", arrive: "arrive", reply: "finish", give_opinion: "opinion" };

/** The task as it will be when what waits here has been sent. */
export function ahead(task: Task, items: Item[]): Task {
  const own = items.filter((item) => item.assignment === task.id && item.state !== "refused");
  if (own.length === 0) return task;
  const done = new Set(own.map((item) => (item.photo ? String(item.data["kind"]) : STEP_OF[item.verb])));
  const steps = task.steps.map(([step, was]): [string, boolean] => [step, was || done.has(step)]);
  const gone = own.some((item) => ["send_down", "return", "reply", "give_opinion"].includes(item.verb));
  const waits = task.next === null || gone;
  const signed = own.some((item) => item.verb === "sign");
  const may = signed ? ["contact", ...(task.role === "lead" ? ["ask_assistance"] : []), "send_down", "return", "note"] : task.may;
  return { ...task, steps, may: gone ? ["note"] : may, next: waits ? null : steps.find(([, was]) => !was)?.[0] ?? null };
}

/** "3 小时 20 分" left or over. */
export function left(due: string, now: number): { words: string; late: boolean; soon: boolean } {
  const minutes = Math.round((Date.parse(due) - now) / 60_000);
  const late = minutes < 0;
  const [d, h, m] = [Math.floor(Math.abs(minutes) / 1440), Math.floor((Math.abs(minutes) % 1440) / 60), Math.abs(minutes) % 60];
  const length = d > 0
    ? say({ zh: "{d} 天 {h} 小时", en: "{d} d {h} h" }, { d, h })
    : h > 0 ? say({ zh: "{h} 小时 {m} 分", en: "{h} h {m} min" }, { h, m }) : say({ zh: "{m} 分", en: "{m} min" }, { m });
  return { words: (late ? say({ zh: "超时 ", en: "overdue " }) : say({ zh: "还剩 ", en: "left " })) + length, late, soon: !late && minutes < 240 };
}
