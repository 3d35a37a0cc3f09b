import { openCamera } from "../calls/videoroom.ts";
import type { Connect } from "../ui/controllers.ts";
import { say } from "../ui/language.ts";
import { faultWords } from "./videovisit.controller.ts";

/** Camera and microphone before the call: one's own picture, and how loud it is, seen as a bar. */
const connect: Connect = (element, signal) => {
  const picture = element.querySelector<HTMLVideoElement>("video");
  const words = element.querySelector<HTMLElement>("[role=status]");
  const meter = element.querySelector<HTMLMeterElement>("meter");
  const button = element.querySelector<HTMLButtonElement>("button");
  if (!picture || !words || !meter || !button) return;
  let stream: MediaStream | null = null;
  let context: AudioContext | null = null;
  let timer = 0;

  const end = (): void => {
    window.clearInterval(timer);
    stream?.getTracks().forEach((one) => one.stop());
    stream = null;
    void context?.close();
    context = null;
  };
  const open = async (): Promise<void> => {
    end();
    const opened = await openCamera(true);
    stream = opened.stream;
    picture.srcObject = stream;
    picture.hidden = !stream;
    const sound = Boolean(stream?.getAudioTracks().length);
    element.querySelector<HTMLElement>(".video-meter")?.toggleAttribute("hidden", !sound);
    words.textContent = opened.fault
      ? faultWords(opened.fault)
      : sound
        ? say({ zh: "摄像头和麦克风正常。请让双手和上半身都在画面里。", en: "Camera and microphone work. Keep both hands and your upper body in the picture." })
        : say({ zh: "摄像头正常。没有麦克风也可以通话。请让双手和上半身都在画面里。", en: "The camera works. A microphone is not needed. Keep both hands and your upper body in the picture." });
    if (!stream || !sound) return;
    context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(wave);
      meter.value = Math.min(100, Math.round(300 * Math.sqrt(wave.reduce((sum, one) => sum + one * one, 0) / wave.length)));
    }, 120);
  };
  button.hidden = false;
  button.addEventListener("click", () => void open(), { signal });
  window.addEventListener("pagehide", end, { signal });
  signal.addEventListener("abort", end);
};

export default connect;
