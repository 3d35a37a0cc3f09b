import type { Connect } from "./controllers.ts";

/** Tells the page that waits that its reader is signed in again, and goes. */
const connect: Connect = () => {
  const channel = new BroadcastChannel("session");
  channel.postMessage("signed-in");
  channel.close();
  window.close();
};

export default connect;
