import { addLine, openCamera, Stage, VideoRoom, type Told } from "../calls/videoroom.ts";
import { Shut } from "../calls/voice.ts";
import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";

/** What is said of a camera that did not open. */
export function faultWords(fault: string): string {
  switch (fault) {
    case "refused": return say({ zh: "浏览器没有获准使用摄像头。请在浏览器设置里允许，再点“打开摄像头”。", en: "The browser may not use the camera. Allow it in its settings, then press “Open the camera”." });
    case "absent": return say({ zh: "没有找到摄像头。您仍可以看到对方，并用文字交流。", en: "No camera was found. You can still see them, and type." });
    case "busy": return say({ zh: "摄像头打不开，可能被其他程序占用。关闭后再点“打开摄像头”。", en: "The camera cannot be opened; another program may hold it." });
    case "unsafe": return say({ zh: "此页不是安全连接（https），浏览器不允许视频。", en: "This page is not served by https, so the browser allows no video." });
    default: return "";
  }
}

/** A citizen's call by video: waiting, the conversation, what is typed, its end. Everything is said in words as well. */
const connect: Connect = (element, signal) => {
  const find = <T extends HTMLElement>(id: string): T => element.querySelector<T>(`#${id}`) as T;
  const { key = "", leaveUrl = "", rateUrl = "" } = element.dataset;
  const words = find("visit-words");
  const note = find("visit-note");
  const self = find<HTMLVideoElement>("visit-self");
  const lines = find("visit-lines");
  const field = find<HTMLInputElement>("visit-text");
  const again = find<HTMLButtonElement>("visit-open");
  const stage = new Stage(find("visit-stage"));
  let stream: MediaStream | null = null;
  let over = false;

  const tell = (text: string): void => {
    if (words.textContent !== text) words.textContent = text;
  };
  const remark = (text: string): void => {
    note.hidden = !text;
    if (note.textContent !== text) note.textContent = text;
  };

  const told = (now: Told): void => {
    element.dataset["state"] = now.state;
    tell(now.words);
    find("visit-number").hidden = !now.may_leave_number;
    if (now.over && !over) finish(now.may_rate);
  };
  const room = new VideoRoom("citizen", {
    come: element.dataset["comeUrl"] ?? "", room: element.dataset["roomUrl"] ?? "", signal: element.dataset["signalUrl"] ?? "", type: element.dataset["typeUrl"] ?? "",
  }, key, {
    told,
    line: (line) => addLine(lines, line),
    shows: (peer, one) => stage.shows(peer, one),
    gone: (peer) => stage.gone(peer),
    link: (peer, state) => stage.link(peer, state),
    trouble: (why) => {
      if (why === "lost") tell(say({ zh: "网络中断，正在自动恢复，请不要关闭页面。", en: "The network was lost; it comes back by itself. Keep this page open." }));
      if (why === "elsewhere") {
        tell(say({ zh: "这次通话已在另一个页面打开。", en: "This call is open in another page." }));
        letGo();
      }
      if (why === "gone") finish(false);
    },
  });

  const letGo = (): void => {
    stream?.getTracks().forEach((one) => one.stop());
    stream = null;
    self.srcObject = null;
    stage.clear();
  };
  const finish = (mayRate: boolean): void => {
    over = true;
    room.end();
    letGo();
    element.dataset["over"] = "true";
    find("visit-live").hidden = true;
    find("visit-over").hidden = false;
    find("visit-rate").hidden = !mayRate;
    remark("");
    words.focus();
  };

  const camera = async (): Promise<void> => {
    const opened = await openCamera(true);
    if (over) {
      opened.stream?.getTracks().forEach((one) => one.stop());
      return;
    }
    stream = opened.stream;
    self.srcObject = stream;
    self.hidden = !stream;
    again.hidden = !opened.fault;
    remark(faultWords(opened.fault));
    await room.mesh.use(stream);
  };

  const send = async (url: string, fields: Record<string, string>): Promise<boolean> => {
    try {
      await room.post(url, fields);
      remark("");
      return true;
    } catch (error) {
      remark(error instanceof Shut && error.message ? error.message : say({ zh: "没有办成，请再试一次。", en: "That did not work; try again." }));
      return false;
    }
  };

  find("visit-type").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    void room.type(text).then(() => room.look(), (error: unknown) => {
      field.value = text;
      remark(error instanceof Shut && error.message ? error.message : say({ zh: "没有发出，请再试一次。", en: "Not sent; try again." }));
    });
  }, { signal });
  find("visit-end").addEventListener("click", () => {
    void send(leaveUrl, { how: "hang_up" }).then((done) => (done ? room.look() : undefined));
  }, { signal });
  find("visit-number").addEventListener("submit", (event) => {
    event.preventDefault();
    const phone = element.querySelector<HTMLInputElement>("#visit-phone")?.value ?? "";
    void send(leaveUrl, { how: "number", phone }).then((done) => (done ? room.look() : undefined));
  }, { signal });
  find("visit-camera").addEventListener("click", (event) => {
    const button = event.currentTarget as HTMLElement;
    const off = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(off));
    for (const track of stream?.getVideoTracks() ?? []) track.enabled = !off;
  }, { signal });
  find("visit-microphone").addEventListener("click", (event) => {
    const button = event.currentTarget as HTMLElement;
    const off = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(off));
    for (const track of stream?.getAudioTracks() ?? []) track.enabled = !off;
  }, { signal });
  again.addEventListener("click", () => void camera(), { signal });
  for (const button of element.querySelectorAll<HTMLButtonElement>("[data-grade]")) {
    button.addEventListener("click", () => {
      void send(rateUrl, { grade: button.dataset["grade"] ?? "" }).then((done) => {
        if (!done) return;
        find("visit-rate").hidden = true;
        tell(say({ zh: "感谢您的评价。", en: "Thank you for your rating." }));
        words.focus();
      });
    }, { signal });
  }
  window.addEventListener("online", () => void room.look(), { signal });
  window.addEventListener("pagehide", () => {
    if (over) return;
    const token = (JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>)["X-CSRFToken"] ?? "";
    navigator.sendBeacon(leaveUrl, new URLSearchParams({ csrfmiddlewaretoken: token, key, how: "closing" }));
  }, { signal });
  // A page that the browser kept and shows again is there again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) void room.come();
  }, { signal });
  signal.addEventListener("abort", () => {
    room.end();
    letGo();
  });
  void camera().then(() => room.come());
};

export default connect;
