import { say } from "./language.ts";

export interface Question {
  /** What will happen, in one sentence that names the consequence. */
  text: string;
  title?: string;
  /** The verb on the button that does it; never just "OK". */
  verb?: string;
  danger?: boolean;
}

function button(label: string, className: string, value: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "submit";
  made.className = className;
  made.value = value;
  made.textContent = label;
  return made;
}

/** Asks before what cannot be undone. Esc and "cancel" mean no; focus starts on the safe answer when it is dangerous. */
export function ask({ text, title, verb, danger = false }: Question): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const form = document.createElement("form");
  form.method = "dialog";
  const heading = document.createElement("h2");
  heading.className = "dialog-title";
  heading.id = `ask-${Date.now()}`;
  heading.textContent = title ?? say({ zh: "请确认", en: "Please confirm" });
  const words = document.createElement("p");
  words.textContent = text;
  const foot = document.createElement("div");
  foot.className = "dialog-foot";
  const no = button(say({ zh: "取消", en: "Cancel" }), "btn", "no");
  const yes = button(
    verb ?? say({ zh: "确定", en: "Confirm" }), danger ? "btn btn-danger" : "btn btn-primary", "yes",
  );
  foot.append(no, yes);
  form.append(heading, words, foot);
  dialog.append(form);
  dialog.setAttribute("aria-labelledby", heading.id);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
    (danger ? no : yes).focus();
  });
}
