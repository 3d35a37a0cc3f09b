/** What an act asks for, as one form a screen: large targets, nothing that its type of demand does not need. */
import { say } from "../ui/language.ts";
import { h } from "./dom.ts";
import type { Basis, Pair, Task } from "./types.ts";

export interface Field {
  name: string; label: string; kind: "words" | "line" | "choice" | "list"; options?: Pair[]; required?: boolean; value?: string;
  /** Shown only while this holds of what was chosen so far. */
  when?: (given: Record<string, string>) => boolean;
}
export interface Sheet { verb: string; title: string; go: string; fields: Field[]; hint?: string }

const units = (list: { id: number; name: string }[]): Pair[] => list.map((one) => [String(one.id), one.name]);
const choose: Pair = ["", say({ zh: "请选择", en: "Choose" })];

export function sheetOf(verb: string, task: Task, basis: Basis): Sheet | null {
  switch (verb) {
    case "contact": return {
      verb, title: say({ zh: "先行联系", en: "First contact" }), go: say({ zh: "记下联系", en: "Record it" }), fields: [
        { name: "reached", label: say({ zh: "联系上了吗？", en: "Reached?" }), kind: "choice", required: true, options: [["yes", say({ zh: "联系上了", en: "Yes" })], ["no", say({ zh: "没联系上", en: "No" })]] },
        { name: "reason_code", label: say({ zh: "没联系上的原因", en: "Why not" }), kind: "choice", options: basis.reasons["no_contact"] ?? [], required: true, when: (given) => given["reached"] === "no" },
        { name: "text", label: say({ zh: "说了什么、约了什么（选填）", en: "What was said or promised (optional)" }), kind: "words" },
      ] };
    case "ask_assistance": return {
      verb, title: say({ zh: "吹哨：请其他单位协助", en: "Whistle for another unit" }), go: say({ zh: "吹哨", en: "Ask for help" }),
      hint: say({ zh: "对方立即收到，答复时限双方都看得到。", en: "They hear at once; both see until when the answer is owed." }), fields: [
        { name: "unit", label: say({ zh: "哪个单位", en: "Which unit" }), kind: "list", options: [choose, ...units(basis.ask)], required: true },
        { name: "text", label: say({ zh: "需要对方做什么", en: "What is needed" }), kind: "words", required: true },
      ] };
    case "send_down": return {
      verb, title: say({ zh: "下派", en: "Pass down" }), go: say({ zh: "下派", en: "Pass down" }), fields: [
        { name: "unit", label: say({ zh: "派给", en: "To" }), kind: "list", options: [choose, ...units(basis.below)], required: true },
        { name: "text", label: say({ zh: "为什么、要注意什么", en: "Why, and what to mind" }), kind: "words", required: true },
      ] };
    case "return": return {
      verb, title: say({ zh: "申请退回", en: "Pass back" }), go: say({ zh: "申请退回", en: "Apply" }), fields: [
        { name: "reason_code", label: say({ zh: "原因", en: "Reason" }), kind: "choice", options: basis.reasons["return"] ?? [], required: true },
        { name: "text", label: say({ zh: "说明", en: "Explanation" }), kind: "words", required: true },
        { name: "basis", label: say({ zh: "依据", en: "Legal basis" }), kind: "words", required: true },
      ] };
    case "give_opinion": return {
      verb, title: say({ zh: "答复主办单位", en: "Answer the lead" }), go: say({ zh: "答复", en: "Answer" }),
      fields: [{ name: "text", label: say({ zh: "协助结果", en: "What was done" }), kind: "words", required: true }] };
    case "note": return {
      verb, title: say({ zh: "留言", en: "Note" }), go: say({ zh: "留言", en: "Add" }),
      fields: [{ name: "text", label: say({ zh: "内部可见", en: "Internal" }), kind: "words", required: true }] };
    case "reply": return reply(task, basis);
    default: return null;
  }
}

function reply(task: Task, basis: Basis): Sheet {
  const asked = task.findings.length > 0;
  const plain = (given: Record<string, string>): boolean => basis.plain.includes(given["fact_finding"] ?? "") && given["demand_finding"] === "reasonable";
  const fields: Field[] = [];
  if (asked) {
    fields.push(
      { name: "fact_finding", label: say({ zh: "事实认定", en: "What was found" }), kind: "choice", options: task.findings, required: true },
      { name: "demand_finding", label: say({ zh: "诉求认定", en: "The demand" }), kind: "choice", options: basis.demand_findings, required: true },
      { name: "explanation", label: say({ zh: "认定说明", en: "Explanation" }), kind: "words", required: true, when: (given) => Boolean(given["fact_finding"] && given["demand_finding"]) && !plain(given) },
    );
  }
  const arrived = task.steps.some(([step, done]) => step === "arrive" && done);
  if (task.visit) fields.push({ name: "site_visit", label: say({ zh: "现场查看", en: "Visit" }), kind: "choice", options: basis.visits, required: true, value: arrived ? "yes" : "" });
  fields.push(
    { name: "outcome", label: say({ zh: "结果", en: "Outcome" }), kind: "choice", options: basis.outcomes, required: true },
    { name: "unsolved_reason", label: say({ zh: "为什么没解决", en: "Why unsolved" }), kind: "line", required: true, when: (given) => given["outcome"] === "unsolved" },
    { name: "method", label: say({ zh: "怎么答复市民的", en: "Answered by" }), kind: "choice", options: basis.methods, required: true, value: "phone" },
    { name: "text", label: say({ zh: "答复要点（市民会看到）", en: "Answer (the citizen reads it)" }), kind: "words", required: true },
  );
  return { verb: "reply", title: say({ zh: "办结", en: "Finish" }), go: say({ zh: "提交办结", en: "Send the answer" }), fields };
}

/** What is given, and the first field that lacks something. */
export function given(form: HTMLFormElement): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string") found[name] = value.trim();
  return found;
}

export function missing(sheet: Sheet, values: Record<string, string>): Field | undefined {
  return sheet.fields.find((field) => field.required && (field.when?.(values) ?? true) && !values[field.name]);
}

export function draw(sheet: Sheet, go: (values: Record<string, string>) => void, cancel: () => void): HTMLFormElement {
  const fault = h("p", { class: "fl-fault", role: "alert", hidden: true });
  const boxes = sheet.fields.map((field) => [field, box(field)] as const);
  const form = h("form", { class: "fl-sheet", novalidate: true, "aria-label": sheet.title },
    h("h1", { tabindex: "-1" }, sheet.title), sheet.hint ? h("p", { class: "fl-hint" }, sheet.hint) : null,
    ...boxes.map(([, made]) => made), fault,
    h("div", { class: "fl-foot" }, h("button", { type: "submit", class: "fl-go" }, sheet.go), h("button", { type: "button", class: "fl-plain", click: cancel }, say({ zh: "返回", en: "Back" }))));
  const show = (): void => {
    const values = given(form);
    for (const [field, made] of boxes) made.hidden = !(field.when?.(values) ?? true);
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = given(form);
    const lack = missing(sheet, values);
    if (lack) {
      fault.hidden = false;
      fault.textContent = say({ zh: "还缺：{name}", en: "Still missing: {name}" }, { name: lack.label });
      form.querySelector<HTMLElement>(`[name=${lack.name}]`)?.focus();
      return;
    }
    for (const field of sheet.fields) if (!(field.when?.(values) ?? true)) delete values[field.name];
    go(values);
  });
  show();
  return form;
}

function box(field: Field): HTMLElement {
  const id = `f-${field.name}`;
  if (field.kind === "choice") {
    return h("fieldset", {}, h("legend", {}, field.label), h("div", { class: "fl-choices" }, ...(field.options ?? []).map(([value, label]) => {
      const input = h("input", { type: "radio", name: field.name, value, id: `${id}-${value}` });
      input.checked = field.value === value;
      return h("label", {}, input, h("span", {}, label));
    })));
  }
  const label = h("label", { for: id }, field.label);
  if (field.kind === "list") {
    return h("div", {}, label, h("select", { id, name: field.name }, ...(field.options ?? []).map(([value, name]) => h("option", { value }, name))));
  }
  if (field.kind === "line") return h("div", {}, label, h("input", { id, name: field.name, maxlength: "40" }));
  return h("div", {}, label, h("textarea", { id, name: field.name, rows: "4", maxlength: "5000" }));
}
