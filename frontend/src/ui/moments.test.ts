import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { duration, hourAndMinute, now, setServerTime } from "./moments.ts";

const table = JSON.parse(readFileSync("../tests/ui/durations.json", "utf8")) as { seconds: number; zh: string; en: string }[];

afterEach(() => setServerTime(undefined));

describe("duration", () => {
  it.each(table)("says $seconds s as Python does", ({ seconds, zh, en }) => {
    document.documentElement.lang = "zh-hans";
    expect(duration(seconds * 1000)).toBe(zh);
    document.documentElement.lang = "en";
    expect(duration(seconds * 1000)).toBe(en);
  });
});

it("shows Shanghai's hour wherever the desk stands", () => {
  expect(hourAndMinute(Date.parse("2026-11-22T06:02:00Z"))).toBe("14:02");
});

it("trusts the server's clock, not the desk's", () => {
  const local = Date.now();
  setServerTime(new Date(local + 3_600_000).toISOString(), local);
  expect(Math.round((now() - Date.now()) / 60_000)).toBe(60);
});
