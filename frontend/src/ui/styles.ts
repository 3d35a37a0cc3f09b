import "@tabler/core/dist/css/tabler.css";
import "./tokens.css";
import "./frame.css";
import "./components.css";
import "./forms.css";
import "./portal.css";
import "./print.css";
import "./packages.ts";
