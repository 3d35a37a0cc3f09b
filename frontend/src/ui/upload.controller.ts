import type { Connect } from "./controllers.ts";
import { say } from "./language.ts";

/** "3.4 MB" */
export function size(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/**
 * A file field that sends each file at once and shows how far it is: `data-url` takes POST `file`, answers HTML that is
 * put into the list (with a hidden input naming the stored file). `data-max` bytes, dropping and pasting work too.
 */
const connect: Connect = (element, signal) => {
  const input = element.querySelector<HTMLInputElement>("input[type=file]");
  const url = element.dataset["url"];
  if (!input || !url) return;
  const most = Number(element.dataset["max"] ?? 0);
  let list = element.querySelector<HTMLUListElement>(".upload-list");
  if (!list) {
    list = document.createElement("ul");
    list.className = "upload-list";
    element.append(list);
  }
  const rows = list;
  element.classList.add("upload-drop");

  const send = (file: File): void => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    name.className = "upload-name";
    name.textContent = file.name;
    name.title = file.name;
    const bar = document.createElement("progress");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "btn btn-sm";
    stop.textContent = say({ zh: "取消", en: "Cancel" });
    row.append(name, bar, stop);
    rows.append(row);
    const request = new XMLHttpRequest();
    const fail = (text: string): void => {
      bar.remove();
      let fault = row.querySelector<HTMLElement>(".upload-fault");
      if (!fault) {
        fault = document.createElement("span");
        fault.className = "upload-fault";
        fault.setAttribute("role", "alert");
        row.append(fault);
      }
      fault.textContent = text;
      stop.textContent = say({ zh: "移除", en: "Remove" });
    };
    stop.addEventListener("click", () => {
      request.abort();
      row.remove();
    });
    if (most && file.size > most) {
      fail(say({ zh: "文件 {size}，超过 {most} 的上限，没有上传。", en: "{size} is more than the limit of {most}; not sent." }, { size: size(file.size), most: size(most) }));
      return;
    }
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("load", () => {
      if (request.status === 401) document.body.dispatchEvent(new CustomEvent("session-expired"));
      if (request.status >= 200 && request.status < 300) {
        const answer = new DOMParser().parseFromString(request.responseText, "text/html");
        const stored = answer.querySelector("li");
        if (stored) row.replaceWith(document.importNode(stored, true));
        else {
          bar.value = 100;
          stop.remove();
        }
        element.dispatchEvent(new CustomEvent("upload:stored", { bubbles: true }));
        return;
      }
      const words = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("[data-refusal] strong")?.textContent;
      fail(words ?? say({ zh: "没有上传成功，请再试一次。", en: "Not sent; please try again." }));
    });
    request.addEventListener("error", () => fail(say({ zh: "网络中断，没有上传成功，请再试一次。", en: "Connection lost; not sent. Please try again." })));
    request.open("POST", url);
    request.setRequestHeader("HX-Request", "true");
    const token = element.closest("form")?.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value;
    if (token) request.setRequestHeader("X-CSRFToken", token);
    const body = new FormData();
    // What else the form holds (but for the token, which is a header) goes along with each file.
    for (const field of element.querySelectorAll<HTMLInputElement>("input[type=hidden][name]")) {
      if (field.name !== "csrfmiddlewaretoken") body.append(field.name, field.value);
    }
    body.append("file", file, file.name);
    request.send(body);
  };
  const sendAll = (files: FileList | null | undefined): void => [...(files ?? [])].forEach(send);

  input.addEventListener("change", () => {
    sendAll(input.files);
    input.value = "";
  }, { signal });
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    element.classList.add("is-over");
  }, { signal });
  element.addEventListener("dragleave", () => element.classList.remove("is-over"), { signal });
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("is-over");
    sendAll(event.dataTransfer?.files);
  }, { signal });
  element.closest("form")?.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (files && files.length > 0) sendAll(files);
  }, { signal });
};

export default connect;
