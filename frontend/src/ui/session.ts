import { say } from "./language.ts";
import { toast } from "./toasts.ts";

interface Answer {
  signed_in: boolean;
  person: string;
  csrf: string;
}

let waiting: HTMLDialogElement | null = null;

/** Gives every form of the page the token of the new session; nothing else of the page changes. */
export function takeToken(token: string, root: Document = document): void {
  for (const field of root.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]")) field.value = token;
  const headers = JSON.parse(root.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>;
  root.body.setAttribute("hx-headers", JSON.stringify({ ...headers, "X-CSRFToken": token }));
}

async function resume(url: string): Promise<boolean> {
  const response = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
  const answer = (await response.json()) as Answer;
  if (!answer.signed_in) return false;
  takeToken(answer.csrf);
  document.body.dispatchEvent(new CustomEvent("session:resumed", { detail: { person: answer.person } }));
  return true;
}

/** The session has ended while somebody was typing: sign in beside the page, then go on. The page itself is not touched. */
export function offerSignIn(): void {
  if (waiting) return;
  const { signInUrl = "/", signedInUrl = "/", sessionUrl = "" } = document.body.dataset;
  const dialog = document.createElement("dialog");
  waiting = dialog;
  dialog.className = "dialog session-dialog";
  dialog.dataset["keep"] = "";
  dialog.setAttribute("aria-labelledby", "session-title");
  const body = document.createElement("div");
  body.className = "dialog-body";
  const title = document.createElement("h2");
  title.className = "dialog-title";
  title.id = "session-title";
  title.textContent = say({ zh: "登录已过期", en: "Your session has ended" });
  const words = document.createElement("p");
  words.textContent = say({
    zh: "您输入的内容都还在。请在新窗口重新登录，登录后这里会自动恢复，再提交一次即可。",
    en: "Everything you typed is still here. Sign in again in a new window; this page then recovers by itself and you send once more.",
  });
  const foot = document.createElement("div");
  foot.className = "dialog-foot";
  const stay = document.createElement("button");
  stay.type = "button";
  stay.className = "btn";
  stay.textContent = say({ zh: "我已登录，继续", en: "I have signed in, go on" });
  const open = document.createElement("a");
  open.className = "btn btn-primary";
  open.target = "_blank";
  open.href = `${signInUrl}?next=${encodeURIComponent(signedInUrl)}`;
  open.textContent = say({ zh: "重新登录", en: "Sign in" });
  foot.append(stay, open);
  body.append(title, words, foot);
  dialog.append(body);
  document.body.append(dialog);

  const channel = new BroadcastChannel("session");
  const check = async (): Promise<void> => {
    let back = false;
    try {
      back = await resume(sessionUrl);
    } catch {
      // No connection is not an answer; the button can be pressed again.
    }
    if (back) {
      dialog.close();
      toast({ text: say({ zh: "已恢复登录，内容都在，请再提交一次。", en: "You are signed in again. Nothing was lost; please send once more." }), tone: "success", seconds: 10 });
    } else {
      words.textContent = say({ zh: "还没有登录成功，请先在新窗口登录。您输入的内容都还在。", en: "Not signed in yet. Sign in in the new window first; what you typed is still here." });
    }
  };
  channel.addEventListener("message", () => void check());
  stay.addEventListener("click", () => void check());
  dialog.addEventListener("close", () => {
    channel.close();
    dialog.remove();
    waiting = null;
  });
  dialog.showModal();
  open.focus();
}
