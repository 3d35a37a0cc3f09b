import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";
import { beingTyped, deskForm, openOnDesk, saveDraft } from "./pop.ts";
import { Meter, Ringer, type Sound } from "./ring.ts";
import { post, Voice, type Answer, type Link } from "./voice.ts";

const LEG = "telephone:leg";
export const MICROPHONE = "telephone:microphone";
const SPEAKER = "telephone:speaker";
export const PLAIN = "telephone:plain";
const ECHO_SECONDS = 4;
/** States in which leaving the page would leave the caller. */
const SPEAKING = new Set(["ringing", "talking", "hold", "consulting", "dialling", "asked", "helping"]);

/** The words of the connection, and whether they are bad news that say what to do. */
export function linkWords(link: Link, words: string): { text: string; trouble: boolean } {
  switch (link) {
    case "on": return { text: say({ zh: "已连接", en: "Connected" }), trouble: false };
    case "asking": return { text: say({ zh: "请允许使用麦克风", en: "Allow the microphone" }), trouble: false };
    case "connecting": return { text: say({ zh: "正在连接", en: "Connecting" }), trouble: false };
    case "broken": return { text: say({ zh: "语音中断，正在自动恢复，通话仍保持", en: "Sound lost, coming back by itself; the call is kept" }), trouble: true };
    case "away": return { text: words || say({ zh: "电话交换没有应答，正在自动重试", en: "The exchange does not answer; trying again" }), trouble: true };
    case "rejected": return { text: words || say({ zh: "电话交换没有接受连接，正在自动重试", en: "The exchange refused; trying again" }), trouble: true };
    case "elsewhere": return { text: words || say({ zh: "话机已在另一个窗口打开", en: "Your telephone is open in another window" }), trouble: true };
    case "refused": return { text: say({ zh: "浏览器未获准使用麦克风：点击地址栏左侧的图标，允许麦克风后再试", en: "The microphone was refused: allow it by the mark beside the address, then try again" }), trouble: true };
    case "absent": return { text: say({ zh: "没有找到麦克风：请插好耳麦后再试", en: "No microphone was found: plug in the headset, then try again" }), trouble: true };
    case "busy": return { text: say({ zh: "麦克风打不开，可能被其他程序占用：关闭后再试", en: "The microphone cannot be opened; another program may hold it" }), trouble: true };
    case "unsafe": return { text: say({ zh: "此页不是安全连接（https），浏览器不允许通话：请管理员配置 https", en: "This page is not served by https, so the browser allows no calls" }), trouble: true };
    default: return { text: "", trouble: false };
  }
}

/** Links that wait for the person: asking again by itself would only be turned away again. */
export const HELD: ReadonlySet<Link> = new Set<Link>(["elsewhere", "refused", "absent", "busy", "unsafe"]);

/** What is heard from the telephone itself in this state. */
export function soundOf(state: string): Sound {
  if (state === "ringing" || state === "asked") return "ring";
  return state === "dialling" ? "calling" : "";
}

/** What may be kept of this window, and of this browser; a browser that forbids both forgets. */
export function remembered(store: () => Storage, key: string): { get: () => string; set: (value: string) => void } {
  return {
    get: () => {
      try {
        return store().getItem(key) ?? "";
      } catch {
        return "";
      }
    },
    set: (value) => {
      try {
        store().setItem(key, value);
      } catch {
        // Full or forbidden: the next load asks whether to take the telephone here.
      }
    },
  };
}

/**
 * The agent's telephone. The bar `#telephone` inside is the server's and is morphed live; what stands beside it, the browser's
 * own sound, is this controller's: microphone, connection, mute, level, ring, screen-pop, device check.
 */
const connect: Connect = (element, signal) => {
  const find = <T extends HTMLElement>(id: string): T | null => element.querySelector<T>(`#${id}`);
  const bar = (): HTMLElement | null => find("telephone");
  const legUrl = element.dataset["legUrl"] ?? "";
  const deskUrl = element.dataset["deskUrl"] ?? "";
  const microphone = remembered(() => localStorage, MICROPHONE);
  const speaker = remembered(() => localStorage, SPEAKER);
  const plain = remembered(() => localStorage, PLAIN);
  const last = remembered(() => sessionStorage, LEG);
  const ringer = new Ringer();
  const meter = new Meter();
  let before = "";
  let held = "";
  let popped = "";
  let mine = false;

  const voice = new Voice({
    open: async (sdp, { last: leg, here }) => (await post(legUrl, { sdp, last: leg, here: here ? "1" : "" })) as Answer,
    changed: (link, words) => show(link, words),
    last,
  }, microphone.get, () => plain.get() === "1");
  find("phone-sound")?.append(voice.player);

  // -- what the page says ---------------------------------------------------------------------------------------------------

  let asks: { yes: () => void; no: () => void } | null = null;
  const notice = (text: string, yes = "", act: () => void = () => undefined, no: (() => void) | null = null): void => {
    const box = find("phone-notice");
    const accept = find<HTMLButtonElement>("phone-notice-yes");
    const later = find<HTMLButtonElement>("phone-notice-no");
    if (!box || !accept || !later) return;
    const words = box.querySelector(".phone-words");
    if (words && words.textContent !== text) words.textContent = text;
    box.hidden = !text;
    accept.hidden = !yes;
    accept.textContent = yes;
    later.hidden = no === null;
    asks = text ? { yes: act, no: no ?? (() => undefined) } : null;
  };
  find("phone-notice-yes")?.addEventListener("click", () => asks?.yes(), { signal });
  find("phone-notice-no")?.addEventListener("click", () => {
    asks?.no();
    notice("");
  }, { signal });

  let trouble = false;
  const show = (link: Link, words: string): void => {
    const mark = find("phone-link");
    const told = linkWords(link, words);
    if (mark) {
      mark.dataset["state"] = link;
      mark.textContent = told.trouble ? "" : told.text;
    }
    element.dataset["link"] = link;
    if (told.trouble) {
      trouble = true;
      const again = link === "elsewhere"
        ? say({ zh: "在这里使用话机", en: "Use the telephone here" })
        : ["refused", "absent", "busy"].includes(link) ? say({ zh: "再试一次", en: "Try again" }) : "";
      notice(told.text, again, () => {
        voice.stop();
        voice.start(true);
      });
    } else if (trouble && link === "on") {
      trouble = false;
      notice("");
    }
    if (link === "on") void voice.changeSpeaker(speaker.get());
  };

  const showMute = (): void => {
    const button = find<HTMLButtonElement>("phone-mute");
    if (!button) return;
    button.setAttribute("aria-pressed", String(voice.muted));
    const words = button.querySelector(".phone-words");
    if (words) words.textContent = voice.muted ? say({ zh: "已静音", en: "Muted" }) : say({ zh: "静音", en: "Mute" });
  };
  find("phone-mute")?.addEventListener("click", () => {
    voice.mute(!voice.muted);
    showMute();
  }, { signal });

  // -- screen-pop -----------------------------------------------------------------------------------------------------------

  const open = async (url: string): Promise<void> => {
    const form = deskForm();
    if (form && beingTyped(form) && !(await saveDraft(form))) {
      notice(say({ zh: "当前填写的内容还没有保存上，暂不切换；网络恢复后请再试", en: "What is typed here could not be saved yet; nothing was changed" }),
        say({ zh: "再试一次", en: "Try again" }), () => void open(url), () => undefined);
      return;
    }
    notice("");
    await openOnDesk(url);
  };
  const pop = (call: string, caller: string): void => {
    const form = deskForm();
    if (!form || popped === call) return;
    popped = call;
    if (form.querySelector<HTMLInputElement>("input[name=call_id]")?.value === call) return;
    const url = `${deskUrl}?call_id=${encodeURIComponent(call)}`;
    if (!beingTyped(form)) {
      void open(url);
      return;
    }
    notice(
      say({ zh: "来电 {caller}。您正在填写的内容会自动存为草稿。", en: "A call from {caller}. What you are typing is kept as a draft." }, { caller: caller || say({ zh: "未显示号码", en: "a withheld number" }) }),
      say({ zh: "打开来电人历史 (Alt+O)", en: "Open the caller's history (Alt+O)" }), () => void open(url), () => undefined,
    );
  };

  // -- state ----------------------------------------------------------------------------------------------------------------

  const sync = (): void => {
    const now = bar();
    if (!now) return;
    const { state = "", station = "", call = "", way = "", caller = "", leg = "" } = now.dataset;
    mine = station === "browser";
    const sound = find("phone-sound");
    if (sound) sound.hidden = !mine;
    if (mine) {
      // The window that had the telephone is gone: it comes here.
      if (!HELD.has(voice.link) || (voice.link === "elsewhere" && held && !leg)) voice.start();
    } else {
      if (voice.link !== "off") voice.stop();
      if (trouble) {
        trouble = false;
        notice("");
      }
    }
    ringer.set(mine || state === "ringing" ? soundOf(state) : "");
    if (before === "ringing" && state === "talking" && voice.muted) {
      // Nobody begins a conversation muted by the one before.
      voice.mute(false);
      showMute();
    }
    if (call && way === "in" && ["ringing", "talking", "hold"].includes(state)) pop(call, caller);
    before = state;
    held = leg;
  };
  const observer = new MutationObserver(sync);
  observer.observe(element, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state", "data-call", "data-station", "data-leg"] });

  element.addEventListener("htmx:afterRequest", (event) => {
    const { successful, elt } = (event as CustomEvent<{ successful: boolean; elt: HTMLElement }>).detail;
    if (successful && elt instanceof HTMLFormElement) elt.closest<HTMLDialogElement>("dialog[open]")?.close();
  }, { signal });

  // A page left in the middle of a conversation would leave the caller: the desk changes in place, other pages open beside it.
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.<HTMLAnchorElement>("a[href]");
    if (!link || event.defaultPrevented || link.target || event.ctrlKey || event.metaKey || event.shiftKey || link.hasAttribute("download")) return;
    const to = new URL(link.href, location.href);
    if (to.origin !== location.origin || link.getAttribute("href")?.startsWith("#") || !mine || voice.link === "off") return;
    if (to.pathname === deskUrl && deskForm()) {
      event.preventDefault();
      void open(to.pathname + to.search);
    } else if (SPEAKING.has(bar()?.dataset["state"] ?? "")) {
      event.preventDefault();
      window.open(to.href, "_blank", "noopener");
    }
  }, { signal });

  window.addEventListener("online", () => voice.retry(), { signal });
  document.body.addEventListener("session:resumed", () => voice.retry(), { signal });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) voice.retry();
  }, { signal });

  // -- levels and devices ---------------------------------------------------------------------------------------------------

  const dialog = find<HTMLDialogElement>("phone-devices");
  const wide = find("phone-meter-wide");
  const levels = window.setInterval(() => {
    if (document.hidden || !voice.stream) return;
    const level = String(meter.level(voice.stream));
    find("phone-meter")?.style.setProperty("--level", voice.muted ? "0" : level);
    if (dialog?.open && wide) {
      wide.style.setProperty("--level", level);
      wide.setAttribute("aria-valuenow", level);
    }
  }, 120);

  const list = async (): Promise<void> => {
    const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
    const fill = (id: string, kind: MediaDeviceKind, chosen: string): void => {
      const select = find<HTMLSelectElement>(id);
      if (!select) return;
      select.replaceChildren(...devices.filter((one) => one.kind === kind).map((one, place) =>
        new Option(one.label || say({ zh: "设备 {n}", en: "Device {n}" }, { n: place + 1 }), one.deviceId, false, one.deviceId === chosen)));
      select.disabled = select.options.length === 0;
    };
    fill("phone-microphone", "audioinput", microphone.get());
    fill("phone-speaker", "audiooutput", speaker.get());
  };
  find("phone-check")?.addEventListener("click", () => void list(), { signal });
  navigator.mediaDevices?.addEventListener?.("devicechange", () => {
    void list();
    voice.retry();
    if (["absent", "busy"].includes(voice.link)) {
      voice.stop();
      voice.start();
    }
  }, { signal });
  find<HTMLSelectElement>("phone-microphone")?.addEventListener("change", (event) => {
    microphone.set((event.target as HTMLSelectElement).value);
    void voice.changeMicrophone();
  }, { signal });
  find<HTMLSelectElement>("phone-speaker")?.addEventListener("change", (event) => {
    speaker.set((event.target as HTMLSelectElement).value);
    void voice.changeSpeaker(speaker.get());
  }, { signal });
  const own = find<HTMLInputElement>("phone-plain");
  if (own) own.checked = plain.get() === "1";
  own?.addEventListener("change", () => {
    plain.set(own.checked ? "1" : "");
    void voice.changeMicrophone();
  }, { signal });
  find("phone-tone")?.addEventListener("click", () => ringer.once(), { signal });
  const echo = find<HTMLButtonElement>("phone-echo");
  const words = find("phone-check-words");
  echo?.addEventListener("click", () => void hearOneself(), { signal });
  const hearOneself = async (): Promise<void> => {
    if (!voice.stream || !echo || !words || typeof MediaRecorder === "undefined") return;
    echo.disabled = true;
    words.textContent = say({ zh: "请说话，{seconds} 秒后回放…", en: "Speak; it is played back after {seconds} s…" }, { seconds: ECHO_SECONDS });
    const recorder = new MediaRecorder(voice.stream);
    const parts: Blob[] = [];
    let loudest = 0;
    const watch = window.setInterval(() => (loudest = Math.max(loudest, meter.level(voice.stream))), 100);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      window.clearInterval(watch);
      echo.disabled = false;
      words.textContent = loudest > 15
        ? say({ zh: "正在回放。听得清楚，耳麦就没有问题。", en: "Playing back. If it is clear, the headset is fine." })
        : say({ zh: "没有听到声音：请检查麦克风是否静音、是否选对。", en: "Nothing was heard: is the microphone muted, or another one chosen?" });
      const player = new Audio(URL.createObjectURL(new Blob(parts, { type: recorder.mimeType })));
      player.addEventListener("ended", () => URL.revokeObjectURL(player.src), { once: true });
      void player.play().catch(() => undefined);
    });
    recorder.start();
    window.setTimeout(() => recorder.state === "recording" && recorder.stop(), ECHO_SECONDS * 1000);
  };

  signal.addEventListener("abort", () => {
    observer.disconnect();
    window.clearInterval(levels);
    voice.stop();
    ringer.end();
    meter.end();
  });
  sync();
};

export default connect;
