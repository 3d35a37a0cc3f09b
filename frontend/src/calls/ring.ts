/** Sounds of the telephone itself, made on the spot: a call that rings here, and the tone while somebody far away is called. */
export type Sound = "ring" | "calling" | "";

/** Hertz, seconds of sound, seconds between the beginnings; 450 Hz is China's tone (GB/T 3380). */
const PATTERNS: Record<Exclude<Sound, "">, { hertz: number[]; on: number; every: number; level: number }> = {
  ring: { hertz: [660, 880], on: 0.9, every: 2.4, level: 0.25 },
  calling: { hertz: [450], on: 1, every: 5, level: 0.06 },
};

export class Ringer {
  private context: AudioContext | null = null;
  private timer = 0;
  now: Sound = "";

  /** Goes on until another sound is set, or none. */
  set(sound: Sound): void {
    if (sound === this.now) return;
    this.now = sound;
    window.clearInterval(this.timer);
    if (!sound) {
      void this.context?.suspend();
      return;
    }
    const pattern = PATTERNS[sound];
    this.play(pattern);
    this.timer = window.setInterval(() => this.play(pattern), pattern.every * 1000);
  }

  /** One tone, to hear where the loudspeaker is. */
  once(hertz = 660, seconds = 0.6): void {
    this.play({ hertz: [hertz], on: seconds, every: 1, level: 0.2 });
  }

  end(): void {
    this.set("");
    void this.context?.close();
    this.context = null;
  }

  private play({ hertz, on, level }: { hertz: number[]; on: number; every: number; level: number }): void {
    if (typeof AudioContext === "undefined") return;
    this.context ??= new AudioContext();
    const context = this.context;
    void context.resume();
    hertz.forEach((one, place) => {
      const tone = context.createOscillator();
      const loud = context.createGain();
      const begin = context.currentTime + (place * on) / hertz.length;
      const end = begin + on / hertz.length;
      tone.frequency.value = one;
      loud.gain.setValueAtTime(0, begin);
      loud.gain.linearRampToValueAtTime(level, begin + 0.02);
      loud.gain.setValueAtTime(level, end - 0.03);
      loud.gain.linearRampToValueAtTime(0, end);
      tone.connect(loud).connect(context.destination);
      tone.start(begin);
      tone.stop(end);
    });
  }
}

/** How loud a stream is now, 0…100, for a bar that a person watches while speaking. */
export class Meter {
  private context: AudioContext | null = null;
  private analyser: AnalyserNode | null = null;
  private of: MediaStream | null = null;

  level(stream: MediaStream | null): number {
    if (!stream || typeof AudioContext === "undefined") return 0;
    if (this.of !== stream) {
      this.context ??= new AudioContext();
      void this.context.resume();
      this.analyser = this.context.createAnalyser();
      this.analyser.fftSize = 512;
      this.context.createMediaStreamSource(stream).connect(this.analyser);
      this.of = stream;
    }
    const samples = new Float32Array(512);
    this.analyser?.getFloatTimeDomainData(samples);
    return levelOf(samples);
  }

  end(): void {
    void this.context?.close();
    this.context = null;
    this.of = null;
  }
}

/** From 0 at -60 dB to 100 at full scale. */
export function levelOf(samples: Float32Array): number {
  let power = 0;
  for (const one of samples) power += one * one;
  const decibel = 10 * Math.log10(power / Math.max(1, samples.length) + 1e-12);
  return Math.round(Math.max(0, Math.min(100, ((decibel + 60) / 60) * 100)));
}
