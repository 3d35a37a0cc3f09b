import "./styles.ts";
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/htmx";
import { define, warm, watch, type Connect } from "./controllers.ts";
import { startKeeping } from "./keeping.ts";
import { startLate } from "./late.ts";
import { setServerTime } from "./moments.ts";
import { startConfirming } from "./confirm.ts";
import { startDialogs, startFirst } from "./openers.ts";
import { startForms } from "./sending.ts";

setServerTime(document.documentElement.dataset["now"]);
Object.assign(window, { htmx });

const common = import.meta.glob<{ default: Connect }>("./*.controller.ts", { eager: true });
for (const [path, module] of Object.entries(common)) define(path, () => Promise.resolve(module));
// What belongs to one package is fetched when a page asks for it.
const others = import.meta.glob<{ default: Connect }>(["../*/*.controller.ts", "!../ui/*.controller.ts"]);
for (const [path, load] of Object.entries(others)) define(path, load);

startDialogs();
startKeeping(Idiomorph);
startLate(htmx.swap);
startConfirming();
startForms();
// Before the controllers: a list takes the row that is marked here for its own.
startFirst();
watch(document.documentElement);
// People of the hotline stay for hours: once their page stands, the rest comes too. A citizen's phone is spared it.
if (document.body.dataset["tokenUrl"]) {
  const rest = (): unknown => window.setTimeout(warm, 500);
  if (document.readyState === "complete") rest();
  else window.addEventListener("load", rest, { once: true });
}
