import { expect, it, vi } from "vitest";
import { define, nameOf, watch, type Connect } from "./controllers.ts";
import { page } from "./testing.ts";

const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 5));

it("takes the name from the file", () => expect(nameOf("../dispatch/pool.controller.ts")).toBe("pool"));

it("refuses two controllers of one name", () => {
  define("../a/twice.controller.ts", () => Promise.reject(new Error()));
  expect(() => define("../b/twice.controller.ts", () => Promise.reject(new Error()))).toThrow(/twice/);
});

it("attaches what is there, what comes and ends what goes", async () => {
  const alive = new Set<string>();
  const connect: Connect = (element, signal) => {
    alive.add(element.id);
    signal.addEventListener("abort", () => alive.delete(element.id));
  };
  define("../ui/probe.controller.ts", () => Promise.resolve({ default: connect }));
  const root = page('<main><p id="a" data-controller="probe"></p></main>');
  const end = watch(root);
  await settle();
  root.insertAdjacentHTML("beforeend", '<div><p id="b" data-controller="probe"></p></div>');
  await settle();
  expect([...alive]).toEqual(["a", "b"]);
  root.querySelector("#a")?.remove();
  await settle();
  expect([...alive]).toEqual(["b"]);
  end();
  expect(alive.size).toBe(0);
});

it("keeps one broken controller from harming another", async () => {
  const good = vi.fn();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  define("../ui/broken.controller.ts", () => Promise.resolve({ default: () => { throw new Error("broken"); } }));
  define("../ui/good.controller.ts", () => Promise.resolve({ default: good }));
  const end = watch(page('<main><p data-controller="broken good unknown"></p></main>'));
  await settle();
  expect(good).toHaveBeenCalledOnce();
  expect(console.error).toHaveBeenCalledTimes(2);
  end();
});
