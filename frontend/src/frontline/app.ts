/** The phone of whoever goes there: tasks, one task, what is not sent yet. */
import { say } from "../ui/language.ts";
import { Api, NoNetwork, NoSession, Said } from "./api.ts";
import { h } from "./dom.ts";
import { TaskMap, wanted } from "./map.ts";
import { ahead, far, left, metres, placeOf, sorted, way, type Place } from "./going.ts";
import { flush, sendMine } from "./queue.ts";
import { draw, sheetOf } from "./sheets.ts";
import { Store } from "./store.ts";
import type { Basis, Item, Task } from "./types.ts";

interface Session { signed_in: boolean; person: string; csrf: string }
interface Registered { token: string; uid: string; cache_key: string; queue_key: string; until: string; server_time: string }
type Screen = "list" | "task" | "queue" | "sheet" | "door";

const EVERY = 60_000;
const LONG_SIDE = 1920;
const SHOWN_FOR = 60_000;
const STEP = (): Record<string, string> => ({
  sign: say({ zh: "签收", en: "Sign for it" }), contact: say({ zh: "已联系", en: "Contacted" }), arrive: say({ zh: "到达", en: "Arrived" }),
  before: say({ zh: "拍照（处理前）", en: "Photo before" }), after: say({ zh: "拍照（处理后）", en: "Photo after" }),
  finish: say({ zh: "办结", en: "Finish" }), opinion: say({ zh: "答复", en: "Answer" }),
});
const MORE = (): Record<string, string> => ({
  contact: say({ zh: "再次联系", en: "Contact again" }), ask_assistance: say({ zh: "吹哨求助", en: "Ask for help" }),
  send_down: say({ zh: "下派", en: "Pass down" }), return: say({ zh: "退回", en: "Pass back" }), note: say({ zh: "留言", en: "Note" }),
});

export class App {
  private readonly api: Api;
  private store!: Store;
  private tasks: Task[] = [];
  private basis: Basis | null = null;
  private items: Item[] = [];
  private locked = 0;
  private secret = 0;
  private here: Place | null = null;
  private online = false;
  private screen: Screen = "list";
  private shown = 0;
  private again = false;
  private asking: Promise<void> | null = null;
  private source: EventSource | null = null;
  private urls: string[] = [];
  private expiry = 0;
  private csrf = "";
  private readonly map = new TaskMap();

  constructor(private readonly root: HTMLElement, private readonly set: DOMStringMap) {
    this.api = new Api(set["api"] ?? "");
  }

  // ── start and session ──

  async start(): Promise<void> {
    if (!("indexedDB" in window) || !crypto.subtle) {
      this.root.replaceChildren(h("main", { class: "fl-wait", id: "main" }, h("p", {}, say({ zh: "此页需要安全连接（https）。请用浏览器的安全地址打开。", en: "This page needs a secure connection (https)." }))));
      return;
    }
    void navigator.serviceWorker?.register(this.set["worker"] ?? "", { scope: this.set["shell"] ?? "/" }).catch(() => undefined);
    void navigator.storage?.persist?.().catch(() => false);
    this.store = await Store.open();
    window.addEventListener("popstate", () => this.route());
    window.addEventListener("online", () => void this.connect());
    window.addEventListener("offline", () => this.lost());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void this.connect());
    window.setInterval(() => document.visibilityState === "visible" && void this.connect(), EVERY);
    this.locate();
    if (await this.remembered()) this.route();
    await this.connect();
  }

  /** What this phone keeps of a session that still runs. */
  private async remembered(): Promise<boolean> {
    const until = Date.parse(String((await this.store.plain("until")) ?? ""));
    this.api.offset = ((await this.store.plain("offset")) as number | undefined) ?? null;
    if (!(until > Date.now() + (this.api.offset ?? 0) * 1000)) {
      await this.store.leave();
      return false;
    }
    this.expireAt(until);
    this.api.token = (await this.store.kept<string>("token")) ?? "";
    this.basis = await this.store.kept<Basis>("basis");
    this.tasks = (await this.store.kept<Task[]>("tasks")) ?? [];
    this.secret = (await this.store.kept<number>("secret")) ?? 0;
    await this.read();
    return Boolean(this.api.token && this.basis);
  }

  private expireAt(until: number): void {
    window.clearTimeout(this.expiry);
    const wait = until - Date.now() - (this.api.offset ?? 0) * 1000;
    this.expiry = window.setTimeout(() => void this.over(), Math.min(Math.max(wait, 0), 2 ** 31 - 1));
  }

  private connect(): Promise<void> {
    // What is asked for while an answer is on its way is asked again after it: it may have come too late for the queue.
    if (this.asking) {
      this.again = true;
      return this.asking;
    }
    this.asking = this.refresh().finally(() => {
      this.asking = null;
      if (this.again) {
        this.again = false;
        void this.connect();
      }
    });
    return this.asking;
  }

  private async refresh(): Promise<void> {
    try {
      const session = await this.session();
      const own = Number(session.person.split(":")[1] ?? 0);
      if (!session.signed_in) throw new NoSession();
      if (!this.api.token || !this.basis || own !== (await this.store.plain("person"))) await this.register(own);
      this.basis ??= await this.api.json<Basis>("basis");
      await this.store.keep("basis", this.basis);
      await this.send();
      await this.load();
      this.listen();
    } catch (error) {
      if (error instanceof NoSession) await this.over();
      else if (error instanceof Said && error.status === 403) this.door(error.message);
      else this.lost();
    }
  }

  private async session(): Promise<Session> {
    try {
      const answer = await fetch(this.set["session"] ?? "", { cache: "no-store", signal: AbortSignal.timeout(8_000) });
      if (!answer.ok) throw new NoNetwork();
      const found = (await answer.json()) as Session;
      this.csrf = found.csrf;
      return found.person.startsWith("staff:") ? found : { ...found, signed_in: false };
    } catch {
      throw new NoNetwork();
    }
  }

  private async register(person: number): Promise<void> {
    const uid = await this.store.uid();
    const body = JSON.stringify({ uid, label: navigator.userAgent.slice(0, 80) });
    const made = await this.api.json<Registered>("devices", { method: "POST", body, headers: { "X-CSRFToken": this.csrf, "Content-Type": "application/json" } });
    await this.store.enter(person, made.until, made.cache_key, made.queue_key);
    this.api.token = made.token;
    this.basis = null;
    this.tasks = [];
    await this.store.keep("token", made.token);
    this.expireAt(Date.parse(made.until));
    await this.read();
  }

  private async load(): Promise<void> {
    const found = await this.api.json<{ tasks: Task[]; secret: number }>("tasks");
    this.tasks = found.tasks;
    this.secret = found.secret;
    await this.store.keep("tasks", found.tasks);
    await this.store.keep("secret", found.secret);
    await this.store.setPlain("offset", this.api.offset);
    this.online = true;
    this.update();
    void this.pictures();
    void this.outlines();
  }

  private get drawn(): { district: string; street: string } {
    return { district: this.set["outlinesDistrict"] ?? "", street: this.set["outlinesStreet"] ?? "" };
  }

  /** The outlines around every task, fetched once: the service worker keeps them, the basement has the map. */
  private async outlines(): Promise<void> {
    for (const address of wanted(this.tasks, this.drawn)) if (!(await caches.match(address))) await fetch(address).catch(() => null);
  }

  /** Small pictures of every task, so that they are there in the basement; those of tasks that are gone go too. */
  private async pictures(): Promise<void> {
    const wanted = new Set(this.tasks.flatMap((task) => task.photos.map((photo) => `pic:${photo.id}`)));
    const known = new Set((await this.store.names()).filter((name) => name.startsWith("pic:")));
    for (const name of known) if (!wanted.has(name)) await this.store.forget(name);
    let fresh = false;
    for (const name of wanted) {
      if (known.has(name)) continue;
      try {
        await this.store.keepBytes(name, await (await this.api.ask(`photos/${name.slice(4)}`)).arrayBuffer());
        fresh = true;
      } catch {
        return;
      }
    }
    if (fresh && this.screen === "task") this.update();
  }

  private listen(): void {
    if (this.source) return;
    void this.api.json<{ url: string; token: string }>("live").then((live) => {
      const source = new EventSource(`${live.url}?token=${encodeURIComponent(live.token)}`);
      this.source = source;
      let timer = 0;
      const soon = (): void => {
        window.clearTimeout(timer);
        timer = window.setTimeout(() => void this.connect(), 150);
      };
      const end = (): void => {
        source.close();
        if (this.source === source) this.source = null;
      };
      source.addEventListener("message", soon);
      source.addEventListener("reset", () => { end(); soon(); });
      source.addEventListener("renew", () => { end(); this.listen(); });
      source.addEventListener("error", () => { end(); window.setTimeout(() => this.online && this.listen(), 5_000); });
    }).catch(() => undefined);
  }

  private lost(): void {
    this.online = false;
    this.source?.close();
    this.source = null;
    if (this.screen === "door" && !this.basis) this.door();
    else if (this.basis) this.update();
    else this.door(say({ zh: "没有网络，也没有保存的任务。有网络后会自动继续。", en: "No network, and no tasks are kept here. It goes on by itself." }));
  }

  /** The session has ended: tasks go from this phone, what was done stays locked until the next sign-in here. */
  private async over(): Promise<void> {
    this.api.token = "";
    this.basis = null;
    this.tasks = [];
    this.items = [];
    this.source?.close();
    this.source = null;
    await this.store.leave();
    this.locked = (await this.store.items()).locked;
    this.door();
  }

  private async signOut(): Promise<void> {
    const waiting = this.items.length;
    if (waiting > 0 && !window.confirm(say({ zh: "还有 {n} 项没有发出。退出后它们加密留在本机，您下次在这里登录后继续发送。现在退出吗？", en: "{n} things are not sent yet. They stay here encrypted until you sign in again. Sign out now?" }, { n: waiting }))) return;
    try {
      const session = await this.session();
      await this.api.ask("device", { method: "DELETE" }).catch(() => undefined);
      await fetch(this.set["signOut"] ?? "", { method: "POST", headers: { "X-CSRFToken": session.csrf } });
    } catch {
      // Without a network the phone forgets at once, and the session ends by its own limits.
    }
    await this.over();
  }

  // ── the queue ──

  private async read(): Promise<void> {
    const found = await this.store.items();
    this.items = found.items;
    this.locked = found.locked;
  }

  private async send(): Promise<void> {
    const ended = await flush(this.api, this.store);
    await this.read();
    if (ended === "no_session") throw new NoSession();
    if (ended === "no_network") throw new NoNetwork();
  }

  private async queue(task: Task, verb: string, data: Record<string, unknown>, label: string, file: ArrayBuffer | null = null): Promise<void> {
    const item: Item = {
      client_id: crypto.randomUUID(), verb, assignment: task.id, revision: file ? null : task.revision, at: new Date().toISOString(),
      offset: this.api.offset, data, title: task.title, label, photo: file !== null, state: "waiting",
    };
    await this.store.add(item, file);
    await this.read();
    this.open(`tasks/${task.id}/`);
    void this.connect();
  }

  // ── where one is ──

  private locate(): void {
    if (!("geolocation" in navigator)) return;
    navigator.geolocation.watchPosition(
      ({ coords }) => {
        const first = this.here === null;
        this.here = { latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy };
        if (first && this.screen !== "sheet") this.update();
      },
      () => undefined, { enableHighAccuracy: true, maximumAge: 30_000 });
  }

  // ── screens ──

  private open(path: string): void {
    history.pushState(null, "", (this.set["shell"] ?? "/") + path);
    this.route();
  }

  private route(): void {
    if (!this.basis) return;
    const found = /tasks\/(\d+)\/$/.exec(location.pathname);
    this.shown = found ? Number(found[1]) : 0;
    this.screen = found ? "task" : location.hash === "#queue" ? "queue" : "list";
    this.draw(true);
  }

  private update(): void {
    // Nobody's typing is ever drawn over.
    if (this.screen === "door") this.route();
    else if (this.screen !== "sheet" && !(this.screen === "task" && document.querySelector(".fl-reveal"))) this.draw(false);
    else this.cloud();
  }

  private draw(moved: boolean): void {
    for (const url of this.urls.splice(0)) URL.revokeObjectURL(url);
    const focused = document.activeElement?.id;
    const screen = this.screen === "queue" ? this.drawQueue() : this.screen === "task" ? this.drawTask() : this.drawList();
    this.root.replaceChildren(this.head(), screen);
    if (moved) {
      window.scrollTo(0, 0);
      screen.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    } else if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  private cloud(): void {
    const old = document.getElementById("fl-cloud");
    old?.replaceWith(this.cloudButton());
  }

  private cloudButton(): HTMLElement {
    const asks = this.items.filter((item) => item.state !== "waiting").length;
    const words = asks > 0
      ? say({ zh: "{n} 项要您决定", en: "{n} to decide" }, { n: asks })
      : this.items.length > 0 ? say({ zh: "{n} 项待发送", en: "{n} not sent" }, { n: this.items.length })
        : this.online ? say({ zh: "已同步", en: "In step" }) : say({ zh: "离线", en: "Offline" });
    const state = asks > 0 ? "asks" : this.items.length > 0 ? "waits" : this.online ? "on" : "off";
    return h("button", { type: "button", id: "fl-cloud", class: "fl-cloud", "data-state": state, click: () => this.open("#queue") }, h("span", { class: "fl-cloud-mark", "aria-hidden": "true" }, state === "on" ? "☁✓" : state === "off" ? "☁✕" : state === "asks" ? "☁!" : "☁↑"), h("span", { role: "status" }, words));
  }

  private head(): HTMLElement {
    const back = this.screen !== "list";
    return h("header", { class: "fl-head" },
      back ? h("button", { type: "button", class: "fl-back", click: () => this.open("") }, say({ zh: "‹ 任务", en: "‹ Tasks" })) : h("span", { class: "fl-brand" }, say({ zh: "一线通达", en: "Frontline" })),
      this.cloudButton());
  }

  private drawList(): HTMLElement {
    const tasks = sorted(this.tasks.map((task) => ahead(task, this.items)), this.here);
    return h("main", { id: "main" },
      h("h1", { tabindex: "-1" }, say({ zh: "今天的任务 {n}", en: "Today’s tasks {n}" }, { n: tasks.length })),
      tasks.length === 0 ? h("p", { class: "fl-empty" }, say({ zh: "没有待办任务。新任务会自动出现在这里，并有消息提醒。", en: "Nothing to do. New tasks appear here by themselves." })) : null,
      h("ul", { class: "fl-cards" }, ...tasks.map((task) => h("li", {}, this.card(task)))),
      this.secret > 0 ? h("p", { class: "fl-hint" }, say({ zh: "另有 {n} 件保密工单，请在电脑上办理。", en: "{n} confidential orders wait on the computer." }, { n: this.secret })) : null,
      h("nav", { class: "fl-links" }, h("a", { href: this.set["station"] ?? "" }, say({ zh: "站点值守与交接班", en: "Station, duty, hand-over" })),
        h("button", { type: "button", class: "fl-plain", click: () => void this.signOut() }, say({ zh: "退出（{name}）", en: "Sign out ({name})" }, { name: this.basis?.person.name ?? "" }))));
  }

  private card(task: Task): HTMLElement {
    const there = placeOf(task);
    const open = `tasks/${task.id}/`;
    return h("a", { class: "fl-card", href: (this.set["shell"] ?? "/") + open, "data-task": String(task.id), click: (event) => { event.preventDefault(); this.open(open); } },
      h("span", { class: "fl-card-top" }, this.clock(task), there && this.here ? h("span", { class: "fl-far" }, far(metres(this.here, there))) : null),
      h("strong", {}, task.title), h("span", { class: "fl-where" }, [task.division, task.address].filter(Boolean).join(" ")),
      h("span", { class: "fl-card-foot" }, h("span", { class: "fl-next" }, task.next ? say({ zh: "下一步：{step}", en: "Next: {step}" }, { step: STEP()[task.next] ?? "" }) : say({ zh: "等待：{state}", en: "Waits: {state}" }, { state: task.state_name })),
        task.role === "assistant" ? h("span", { class: "fl-tag" }, say({ zh: "协办", en: "helps" })) : null,
        task.urgency === "urgent" ? h("span", { class: "fl-tag", "data-tone": "urgent" }, task.urgency_name) : null,
        task.messages.some((one) => one.pressing) ? h("span", { class: "fl-tag", "data-tone": "urgent" }, say({ zh: "有督办消息", en: "urged" })) : null,
        this.items.some((item) => item.assignment === task.id) ? h("span", { class: "fl-tag" }, say({ zh: "未发送", en: "not sent" })) : null));
  }

  private clock(task: Task): HTMLElement | null {
    if (!task.due) return null;
    const { words, late, soon } = left(task.due, Date.now() + (this.api.offset ?? 0) * 1000);
    return h("span", { class: "fl-clock", "data-tone": late ? "late" : soon ? "soon" : "good" }, `${late ? "▲" : soon ? "◆" : "●"} ${task.owed} ${words}`);
  }

  private drawTask(): HTMLElement {
    const found = this.tasks.find((task) => task.id === this.shown);
    if (!found) {
      return h("main", { id: "main" }, h("h1", { tabindex: "-1" }, say({ zh: "任务不在这里", en: "Not among your tasks" })),
        h("p", {}, say({ zh: "它可能已办结、已转给别的单位，或不是您单位的。", en: "It may be done, passed on, or not your unit’s." })), this.waiting(this.shown),
        h("a", { class: "fl-plain", href: this.set["shell"] ?? "" }, say({ zh: "看今天的任务", en: "Today’s tasks" })));
    }
    const task = ahead(found, this.items);
    const there = placeOf(task);
    const steps = STEP();
    return h("main", { id: "main", class: "fl-task" },
      h("h1", { tabindex: "-1" }, task.title), h("p", { class: "fl-sub" }, this.clock(task), ` ${task.number} · ${task.type_name}${task.category ? ` · ${task.category}` : ""}`),
      ...task.messages.filter((one) => one.pressing).slice(0, 5).map((one) => this.message(one)),
      this.waiting(task.id),
      h("section", { class: "fl-part" }, h("h2", {}, say({ zh: "什么事", en: "What" })), this.photos(task), h("p", { class: "fl-words" }, task.content),
        task.expectation ? h("p", {}, say({ zh: "市民希望：", en: "Wanted: " }), task.expectation) : null,
        task.instructions ? h("p", { class: "fl-note" }, `${task.from || say({ zh: "派单", en: "Centre" })}：${task.instructions}`) : null,
        ...task.messages.filter((one) => !one.pressing).slice(0, 8).map((one) => this.message(one))),
      h("section", { class: "fl-part" }, h("h2", {}, say({ zh: "在哪里", en: "Where" })), h("ol", { class: "fl-way" }, ...way(task, this.here).map((line) => h("li", {}, line))),
        this.map.of(task, this.here, this.drawn, this.set),
        there ? h("a", { class: "fl-side", href: `geo:${there.latitude},${there.longitude}?q=${there.latitude},${there.longitude}` }, say({ zh: "用手机地图带路", en: "Show me the way" })) : h("p", { class: "fl-hint" }, say({ zh: "没有坐标，请按地址找。", en: "No coordinates; go by the address." }))),
      task.asked.length > 0 ? h("section", { class: "fl-part" }, h("h2", {}, say({ zh: "吹哨与协办", en: "Help" })), ...task.asked.map((one) => h("p", { class: "fl-asked" }, h("strong", {}, one.unit), ` ${one.state} `,
        one.due && !one.done ? h("span", { class: "fl-clock", "data-tone": left(one.due, Date.now()).late ? "late" : "soon" }, say({ zh: "答复{left}", en: "answer {left}" }, { left: left(one.due, Date.now()).words })) : null, h("br"), one.question, one.answer ? h("span", { class: "fl-answer" }, `→ ${one.answer}`) : null))) : null,
      h("section", { class: "fl-part" }, h("h2", {}, say({ zh: "怎么办", en: "Do" })),
        h("ol", { class: "fl-steps" }, ...task.steps.map(([step, done]) => h("li", { "data-done": done, "aria-current": task.next === step ? "step" : undefined }, `${done ? "✓ " : ""}${steps[step] ?? step}`))),
        task.citizen && task.next !== "sign" ? h("button", { type: "button", class: "fl-side", id: "fl-call", click: () => void this.call(task) }, say({ zh: "打电话给市民", en: "Call the citizen" })) : null,
        h("div", { class: "fl-more" }, ...task.may.filter((verb) => !(verb === "contact" && task.next === "contact")).map((verb) => h("button", { type: "button", class: "fl-plain", "data-verb": verb, click: () => this.sheet(task, verb) }, MORE()[verb] ?? verb)),
          !["before", "after"].includes(task.next ?? "") ? this.camera(task, "photo", say({ zh: "补拍照片", en: "Another photo" }), "fl-plain") : null)),
      task.next ? h("div", { class: "fl-do" }, this.big(task, task.next)) : null);
  }

  private message(one: Task["messages"][number]): HTMLElement {
    return h("p", { class: "fl-message", "data-tone": one.pressing ? "urgent" : "" }, h("strong", {}, one.title), one.by ? ` ${one.by}` : "", h("br"), one.text);
  }

  private big(task: Task, step: string): HTMLElement {
    const words = STEP()[step] ?? step;
    if (step === "before" || step === "after") return this.camera(task, step, words, "fl-go");
    const act = step === "finish" ? "reply" : step === "opinion" ? "give_opinion" : step;
    const go = (): void => {
      if (act === "sign") void this.queue(task, act, {}, words);
      else if (act === "arrive") void this.queue(task, act, { ...(this.here ?? {}) }, words);
      else this.sheet(task, act);
    };
    return h("button", { type: "button", class: "fl-go", id: "fl-go", "data-step": step, click: (event) => { (event.currentTarget as HTMLButtonElement).disabled = true; go(); } }, words);
  }

  private camera(task: Task, kind: string, words: string, look: string): HTMLElement {
    const shown = h("input", { type: "checkbox", id: `public-${kind}` });
    shown.checked = kind !== "photo";
    const input = h("input", { type: "file", accept: "image/*", capture: "environment", class: "fl-file", "data-kind": kind, "aria-label": words, change: () => {
      const file = input.files?.[0];
      if (file) void this.taken(task, kind, words, file, shown.checked);
    } });
    return h("div", { class: "fl-camera" }, h("label", { class: look, "data-step": kind }, words, input), h("label", { class: "fl-check" }, shown, say({ zh: "市民可以看到这张照片", en: "The citizen sees it" })));
  }

  private async taken(task: Task, kind: string, words: string, file: File, shown: boolean): Promise<void> {
    const body = await smaller(file).catch(() => file);
    await this.queue(task, "photo", { kind, public: shown, ...(this.here ?? {}) }, words, await body.arrayBuffer());
  }

  private photos(task: Task): HTMLElement | null {
    const queued = this.items.filter((item) => item.photo && item.assignment === task.id);
    if (task.photos.length + queued.length === 0) return null;
    const names: Record<string, string> = { before: say({ zh: "处理前", en: "Before" }), after: say({ zh: "处理后", en: "After" }) };
    const one = (kind: string, bytes: Promise<ArrayBuffer | null>, unsent: boolean): HTMLElement => {
      const image = h("img", { alt: names[kind] ?? say({ zh: "照片", en: "Photo" }), width: "120", height: "90" });
      void bytes.then((found) => {
        if (!found || !image.isConnected) return;
        const url = URL.createObjectURL(new Blob([found], { type: "image/jpeg" }));
        this.urls.push(url);
        image.src = url;
      });
      return h("figure", {}, image, h("figcaption", {}, (names[kind] ?? "") + (unsent ? say({ zh: " 未发送", en: " not sent" }) : "")));
    };
    return h("div", { class: "fl-photos" }, ...task.photos.map((photo) => one(photo.kind, this.store.bytes(`pic:${photo.id}`), false)), ...queued.map((item) => one(String(item.data["kind"]), this.store.file(item.seq), true)));
  }

  private sheet(task: Task, verb: string): void {
    const sheet = this.basis ? sheetOf(verb, task, this.basis) : null;
    if (!sheet) return;
    this.screen = "sheet";
    const form = draw(sheet, (values) => {
      const data: Record<string, unknown> = { ...values };
      if (verb === "contact") data["reached"] = values["reached"] === "yes";
      void this.queue(task, verb, data, sheet.title);
    }, () => this.route());
    this.root.replaceChildren(this.head(), h("main", { id: "main" }, form));
    window.scrollTo(0, 0);
    form.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }

  // ── the citizen's number: through the platform, else for a reason and a minute ──

  private async call(task: Task): Promise<void> {
    const box = h("div", { class: "fl-reveal", role: "status" });
    document.getElementById("fl-call")?.replaceWith(box);
    try {
      await this.api.post(`tasks/${task.id}/call`, {});
      box.textContent = say({ zh: "平台正在为您接通，请接听；双方都看不到号码。", en: "The platform is calling both; neither sees a number." });
    } catch (error) {
      if (error instanceof Said && error.code === "no_telephone") box.replaceChildren(...this.reason(task, box));
      else box.textContent = error instanceof Said ? error.message : say({ zh: "没有网络，号码不存在手机里。有网络时再试。", en: "No network; numbers are not kept on the phone." });
    }
  }

  private reason(task: Task, box: HTMLElement): HTMLElement[] {
    const input = h("input", { id: "fl-why", maxlength: "200", value: say({ zh: "先行联系市民", en: "First contact with the citizen" }) });
    const show = async (): Promise<void> => {
      try {
        const found = await this.api.post<{ name: string; phone: string }>(`tasks/${task.id}/reveal`, { reason: input.value });
        box.replaceChildren(h("a", { class: "fl-side", href: `tel:${found.phone}` }, `${found.name} ${found.phone}`), h("p", { class: "fl-hint" }, say({ zh: "查看已留痕，一分钟后隐藏。", en: "This look is on record; hidden in a minute." })));
        window.setTimeout(() => { if (box.isConnected) { box.remove(); this.update(); } }, SHOWN_FOR);
      } catch (error) {
        box.append(h("p", { class: "fl-fault", role: "alert" }, error instanceof Error ? error.message : ""));
      }
    };
    return [h("label", { for: "fl-why" }, say({ zh: "为什么要看号码（会留痕）", en: "Why you need the number (on record)" })), input, h("button", { type: "button", class: "fl-side", click: () => void show() }, say({ zh: "显示号码", en: "Show the number" }))];
  }

  // ── what is not sent yet, and conflicts ──

  private waiting(assignment: number): HTMLElement | null {
    const own = this.items.filter((item) => item.assignment === assignment);
    return own.length > 0 ? h("section", { class: "fl-waiting", "aria-label": say({ zh: "还没发出", en: "Not sent" }) }, ...own.map((item) => this.item(item))) : null;
  }

  private drawQueue(): HTMLElement {
    return h("main", { id: "main" }, h("h1", { tabindex: "-1" }, say({ zh: "还没发出的", en: "Not sent yet" })),
      this.items.length === 0 ? h("p", { class: "fl-empty" }, say({ zh: "全部已发出。", en: "Everything is sent." })) : h("p", { class: "fl-hint" }, this.online ? say({ zh: "按先后顺序发送。", en: "Sent in their order." }) : say({ zh: "有网络后自动按顺序发送，关掉浏览器也不会丢。", en: "Sent by themselves when there is a network; closing the browser loses nothing." })),
      ...this.items.map((item) => this.item(item)),
      this.locked > 0 ? h("p", { class: "fl-hint" }, say({ zh: "另有 {n} 项是其他人在本机做的，等其本人登录后发送。", en: "{n} belong to somebody else who used this phone." }, { n: this.locked })) : null,
      h("button", { type: "button", class: "fl-side", click: () => void this.connect() }, say({ zh: "现在发送", en: "Send now" })));
  }

  private item(item: Item): HTMLElement {
    const text = typeof item.data["text"] === "string" ? item.data["text"] : "";
    const mine = h("div", { class: "fl-mine" }, h("strong", {}, say({ zh: "您做的：{label}", en: "You: {label}" }, { label: item.label })), h("br"), `${item.title} · ${moment(item.at)}`, text ? h("p", {}, text) : null);
    if (item.state === "waiting") return h("article", { class: "fl-item", "data-state": "waiting" }, mine);
    const drop = h("button", { type: "button", class: "fl-plain", click: () => void this.drop(item) }, say({ zh: "放弃我的这一步", en: "Drop mine" }));
    if (item.state === "refused") {
      return h("article", { class: "fl-item", "data-state": "refused" }, mine, h("p", { class: "fl-fault" }, item.said ?? ""), h("div", { class: "fl-more" },
        h("button", { type: "button", class: "fl-side", click: () => void this.mend(item) }, say({ zh: "修改", en: "Correct it" })), h("button", { type: "button", class: "fl-plain", click: () => void this.resend(item) }, say({ zh: "再发一次", en: "Send again" })), drop));
    }
    const { by = "", title = "", text: words = "", at = "" } = item.theirs ?? {};
    return h("article", { class: "fl-item", "data-state": "stale" }, h("h2", {}, say({ zh: "工单已被别人改动，请您决定", en: "Changed meanwhile: you decide" })),
      h("div", { class: "fl-both" }, mine, h("div", { class: "fl-theirs" }, h("strong", {}, say({ zh: "别人做的：{title}", en: "They: {title}" }, { title })), h("br"), [by, at ? moment(at) : ""].filter(Boolean).join(" · "), words ? h("p", {}, words) : null,
        item.task ? h("p", {}, say({ zh: "现在：{state}（{unit}）", en: "Now: {state} ({unit})" }, { state: item.task.state_name, unit: item.task.unit })) : h("p", {}, say({ zh: "现在不在您单位", en: "Not with your unit any more" })))),
      h("div", { class: "fl-more" }, h("button", { type: "button", class: "fl-side", click: () => void this.resend(item) }, say({ zh: "仍然提交我的", en: "Send mine all the same" })), drop));
  }

  private async drop(item: Item): Promise<void> {
    if (!window.confirm(say({ zh: "“{label}”将不再发送，也不能找回。确定吗？", en: "“{label}” will not be sent and cannot be brought back. Sure?" }, { label: item.label }))) return;
    await this.store.remove(item.seq as number);
    await this.read();
    this.update();
    void this.connect();
  }

  private async resend(item: Item): Promise<void> {
    await sendMine(this.store, item);
    await this.read();
    this.update();
    void this.connect();
  }

  /** The form again with what was typed; sent as a new act, the refused one goes. */
  private async mend(item: Item): Promise<void> {
    const found = this.tasks.find((task) => task.id === item.assignment);
    const sheet = found && this.basis ? sheetOf(item.verb, found, this.basis) : null;
    if (!found || !sheet) return this.resend(item);
    for (const field of sheet.fields) field.value = String(item.data[field.name] ?? field.value ?? "");
    this.screen = "sheet";
    const form = draw(sheet, (values) => {
      void this.store.remove(item.seq as number).then(() => this.queue(found, item.verb, values, sheet.title));
    }, () => this.route());
    for (const field of sheet.fields) {
      const box = form.querySelector<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>(`textarea[name=${field.name}], select[name=${field.name}], input:not([type=radio])[name=${field.name}]`);
      if (box) box.value = field.value ?? "";
    }
    form.dispatchEvent(new Event("change"));
    this.root.replaceChildren(this.head(), h("main", { id: "main" }, h("p", { class: "fl-fault" }, item.said ?? ""), form));
  }

  private door(words = ""): void {
    this.screen = "door";
    const next = encodeURIComponent(location.pathname);
    this.root.replaceChildren(h("main", { id: "main", class: "fl-wait" }, h("h1", { class: "fl-brand" }, say({ zh: "一线通达", en: "Frontline" })),
      h("p", {}, words || say({ zh: "请登录后查看任务。", en: "Sign in to see your tasks." })),
      this.locked > 0 ? h("p", { class: "fl-hint" }, say({ zh: "本机有 {n} 项还没发出，已加密保存，登录后自动发送。", en: "{n} things wait here encrypted; they are sent after you sign in." }, { n: this.locked })) : null,
      h("a", { class: "fl-go", href: `${this.set["signIn"] ?? ""}?next=${next}` }, say({ zh: "登录", en: "Sign in" }))));
  }
}

function moment(text: string): string {
  return new Date(text).toLocaleString(undefined, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
}

/** Photos of a phone are far larger than anybody looks at them; a slow line carries these. */
async function smaller(file: File): Promise<Blob> {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const share = Math.min(1, LONG_SIDE / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * share);
  canvas.height = Math.round(image.height * share);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("canvas"))), "image/jpeg", 0.85));
}
