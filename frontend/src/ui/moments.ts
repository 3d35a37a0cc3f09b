import { say } from "./language.ts";

/** Milliseconds by which this computer's clock is behind the server's (`<html data-now>` is the server's at render). */
let behind = 0;

/** Takes the server's time so that a wrong clock on a desk never shows a wrong deadline. */
export function setServerTime(iso: string | undefined, local: number = Date.now()): void {
  const server = iso ? Date.parse(iso) : NaN;
  behind = Number.isNaN(server) ? 0 : server - local;
}

/** The server's present moment in milliseconds. */
export function now(): number {
  return Date.now() + behind;
}

const shanghai = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false,
});

/** "14:02" in Shanghai, whatever the desk's own time zone says. */
export function hourAndMinute(moment: number): string {
  return shanghai.format(moment);
}

const MINUTE = 60_000;

/** A length of time in at most two units, cut downwards: "3 小时 20 分". The same table proves it in Python and here. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / MINUTE);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const rest = minutes % 60;
  if (days > 0) {
    return hours > 0
      ? say({ zh: "{days} 天 {hours} 小时", en: "{days} d {hours} h" }, { days, hours })
      : say({ zh: "{days} 天", en: "{days} d" }, { days });
  }
  if (hours > 0) {
    return rest > 0
      ? say({ zh: "{hours} 小时 {rest} 分", en: "{hours} h {rest} min" }, { hours, rest })
      : say({ zh: "{hours} 小时", en: "{hours} h" }, { hours });
  }
  return minutes > 0
    ? say({ zh: "{minutes} 分", en: "{minutes} min" }, { minutes })
    : say({ zh: "不到 1 分钟", en: "under a minute" });
}
