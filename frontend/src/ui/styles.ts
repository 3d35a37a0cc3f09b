import "@tabler/core/dist/css/tabler.css";
import "./tokens.css";
import "./frame.css";
import "./components.css";
import "./forms.css";
import "./portal.css";
import "./print.css";

// Each package's own styles come after, so that they may refine but need not fight.
import.meta.glob(["../*/*.css", "!../ui/*.css"], { eager: true });
