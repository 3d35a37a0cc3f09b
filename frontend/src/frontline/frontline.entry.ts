import "../places/map.css";
import "./frontline.css";
import { App } from "./app.ts";

const root = document.getElementById("fl-app");
if (root) void new App(root, document.body.dataset).start();
