import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";
import { toast } from "../ui/toasts.ts";
import { linkWords, MICROPHONE, PLAIN, remembered } from "./telephone.controller.ts";
import { post, Shut, Voice, type Answer } from "./voice.ts";

const kept = (key: string): (() => string) => remembered(() => localStorage, key).get;

/**
 * A shift leader in a conversation: `[data-watch]` of a seat begins it, `[data-role]` here changes what the leader does. The
 * microphone is open only where somebody is meant to hear it.
 */
const connect: Connect = (element, signal) => {
  const url = element.dataset["url"] ?? "";
  const leaveUrl = element.dataset["leaveUrl"] ?? "";
  const words = element.querySelector<HTMLElement>("#listening-state");
  let seat = "";
  let name = "";
  let role = "listen";

  const voice = new Voice({
    open: async (sdp) => (await post(url, { sdp, seat, role })) as Answer,
    changed: (link, told) => {
      if (!seat) return;
      element.dataset["link"] = link;
      if (link === "rejected") {
        // Nobody talks there any more, or it may not be: said once, not tried for ever.
        toast({ text: told, tone: "warning" });
        leave();
        return;
      }
      show(link === "on" ? "" : linkWords(link, told).text);
    },
  }, kept(MICROPHONE), () => kept(PLAIN)() === "1");

  element.append(voice.player);

  const show = (trouble = ""): void => {
    element.hidden = !seat;
    for (const button of element.querySelectorAll<HTMLElement>("[data-role]")) button.setAttribute("aria-pressed", String(button.dataset["role"] === role));
    if (words) words.textContent = trouble || say({ zh: "正在 {name} 的通话中", en: "In the conversation of {name}" }, { name });
    voice.mute(role === "listen");
  };
  const leave = (): void => {
    if (!seat) return;
    seat = "";
    voice.stop();
    show();
  };

  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest?.<HTMLElement>("[data-watch]");
    if (!button) return;
    voice.stop();
    seat = button.dataset["seat"] ?? "";
    name = button.dataset["name"] ?? "";
    role = button.dataset["watch"] ?? "listen";
    show();
    voice.start();
  }, { signal });
  element.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-role]");
    if (!button || !seat) return;
    const wanted = button.dataset["role"] ?? "listen";
    void post(url, { role: wanted }).then(() => {
      role = wanted;
      show();
    }, (error: unknown) => toast({ text: error instanceof Shut && error.message ? error.message : say({ zh: "没有办成，请再试一次。", en: "That did not work; try again." }), tone: "warning" }));
  }, { signal });
  element.querySelector("#listening-leave")?.addEventListener("click", () => {
    void post(leaveUrl, {}).catch(() => undefined);
    leave();
  }, { signal });
  document.body.addEventListener("live-kind:agent.watched", () => {
    if (seat) toast({ text: say({ zh: "这通电话已结束，您已退出。", en: "That conversation is over; you have left it." }) });
    leave();
  }, { signal });
  window.addEventListener("pagehide", () => {
    if (!seat) return;
    const token = (JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>)["X-CSRFToken"] ?? "";
    navigator.sendBeacon(leaveUrl, new URLSearchParams({ csrfmiddlewaretoken: token }));
  }, { signal });
  signal.addEventListener("abort", () => voice.stop());
};

export default connect;
