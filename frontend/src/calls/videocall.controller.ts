import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";
import { toast } from "../ui/toasts.ts";
import { addLine, openCamera, Stage, VideoRoom } from "./videoroom.ts";
import { Shut } from "./voice.ts";

/** States of the agent's telephone in which the call's pictures belong to it. */
export const IN_CALL = new Set(["ringing", "talking", "hold", "consulting", "asked", "helping"]);

/** Whether this window shows a call by video now: its telephone has one, and is this window's. */
export function shows(medium: string, state: string, link: string): boolean {
  return medium === "video" && IN_CALL.has(state) && !["elsewhere", "off", ""].includes(link);
}

/**
 * The pictures beside an agent's telephone. It follows the bar `#telephone`: a call by video opens it, the call's end closes it;
 * what was typed stays to be read during the after-call work.
 */
const connect: Connect = (element, signal) => {
  const phone = element.closest<HTMLElement>("#softphone");
  const find = <T extends HTMLElement>(id: string): T | null => element.querySelector<T>(`#${id}`);
  const stageBox = find("video-stage");
  const lines = find("video-lines");
  const self = find<HTMLVideoElement>("video-self");
  const words = find("video-words");
  const typing = find<HTMLFormElement>("video-type");
  const field = find<HTMLInputElement>("video-text");
  if (!phone || !stageBox || !lines || !self || !words || !typing || !field) return;
  const stage = new Stage(stageBox);
  let room: VideoRoom | null = null;
  let stream: MediaStream | null = null;
  let call = "";

  const tell = (text: string): void => {
    if (words.textContent !== text) words.textContent = text;
  };
  const quiet = (): void => {
    const silent = phone.querySelector("#phone-mute")?.getAttribute("aria-pressed") === "true";
    for (const track of stream?.getAudioTracks() ?? []) track.enabled = !silent;
  };
  /** `kept`: asked once more for the last words that were typed, then ended by who asks. */
  const close = (kept: VideoRoom | null = null): void => {
    if (room !== kept) room?.end();
    else room?.mesh.end();
    room = null;
    stage.clear();
    stream?.getTracks().forEach((one) => one.stop());
    stream = null;
    self.srcObject = null;
  };
  const open = async (part: string): Promise<void> => {
    const mine = (room = new VideoRoom(part, {
      come: element.dataset["comeUrl"] ?? "", room: element.dataset["roomUrl"] ?? "", signal: element.dataset["signalUrl"] ?? "", type: element.dataset["typeUrl"] ?? "",
    }, "", {
      told: (told) => tell(told.waits
        ? say({ zh: "尚未接通画面", en: "No picture yet" })
        : told.peers.length ? "" : say({ zh: "正在等待对方的画面…", en: "Waiting for their picture…" })),
      line: (line) => addLine(lines, line),
      shows: (peer, one) => stage.shows(peer, one),
      gone: (peer) => stage.gone(peer),
      link: (peer, state) => stage.link(peer, state),
      trouble: (why) => {
        if (why === "lost") tell(say({ zh: "网络中断，正在自动恢复", en: "Network lost, coming back by itself" }));
        if (why === "elsewhere") tell(say({ zh: "视频已在另一个窗口打开", en: "The picture is open in another window" }));
      },
    }));
    const camera = await openCamera(true);
    if (room !== mine) {
      camera.stream?.getTracks().forEach((one) => one.stop());
      return;
    }
    stream = camera.stream;
    self.srcObject = stream;
    element.dataset["camera"] = camera.fault || "on";
    if (camera.fault) toast({ text: say({ zh: "摄像头没有打开，对方看不到您：请检查浏览器权限和设备", en: "Your camera is not open, so they cannot see you: look at permission and device" }), tone: "warning" });
    quiet();
    await mine.mesh.use(stream);
    await mine.come();
  };

  const sync = (): void => {
    const bar = phone.querySelector<HTMLElement>("#telephone");
    const { medium = "", state = "", call: now = "" } = bar?.dataset ?? {};
    const wanted = shows(medium, state, phone.dataset["link"] ?? "");
    if (now !== call && now) {
      call = now;
      close();
      lines.replaceChildren();
    }
    const part = state === "asked" || state === "helping" ? "helper" : "agent";
    if (wanted && room && room.mesh.part !== part) {
      // The colleague who helped has the caller now.
      close();
      lines.replaceChildren();
    }
    if (wanted && !room) void open(part);
    if (!wanted && room && (medium !== "video" || !IN_CALL.has(state))) {
      const last = room;
      if (medium === "video" && state === "wrap_up" && now === call) void last.look().finally(() => {
        last.end();
        sync();
      });
      close(last);
    }
    typing.hidden = !room;
    element.hidden = !(room || (medium === "video" && state === "wrap_up" && now === call && lines.children.length > 0));
    element.dataset["over"] = String(!room);
    quiet();
  };
  const observer = new MutationObserver(sync);
  observer.observe(phone, { subtree: true, attributes: true, childList: false, attributeFilter: ["data-state", "data-call", "data-medium", "data-link", "aria-pressed"] });
  // The bar is morphed, sometimes replaced.
  const added = new MutationObserver(sync);
  added.observe(phone, { childList: true });

  typing.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || !room) return;
    field.value = "";
    const asked = room;
    void asked.type(text).then(() => asked.look(), (error: unknown) => {
      field.value = text;
      toast({ text: error instanceof Shut && error.message ? error.message : say({ zh: "没有发出，请再试一次。", en: "Not sent; try again." }), tone: "warning" });
    });
  }, { signal });
  find("video-camera")?.addEventListener("click", (event) => {
    const button = event.currentTarget as HTMLElement;
    const off = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(off));
    for (const track of stream?.getVideoTracks() ?? []) track.enabled = !off;
  }, { signal });
  find("video-large")?.addEventListener("click", (event) => {
    const large = element.dataset["large"] !== "true";
    element.dataset["large"] = String(large);
    (event.currentTarget as HTMLElement).setAttribute("aria-pressed", String(large));
  }, { signal });
  window.addEventListener("online", () => void room?.look(), { signal });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    added.disconnect();
    close();
  });
  sync();
};

export default connect;
