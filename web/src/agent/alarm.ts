// How an agent who looks elsewhere is told: a sound, a notice of the desktop, the title of the window.

/** Where it is remembered that there shall be no sound. */
const MUTED = "hsc-agent-muted";
/** Two tones for somebody who has come, one for words of somebody who is here: pitch in hertz, start in seconds. */
const TONES = { arrived: [[660, 0], [880, 0.14]], wrote: [[740, 0]] } as const;
/** How long a tone takes to fade, in seconds, and how loud it is: heard beside a conversation, not over it. */
const FADES = 0.28;
const LOUD = 0.12;

export class Alarm {
  private context: AudioContext | undefined;

  /** Whether there shall be sounds, as it was left. */
  get isOn(): boolean {
    try {
      return localStorage.getItem(MUTED) === null;
    } catch {
      return true; // Storage is switched off.
    }
  }

  turn(on: boolean): void {
    try {
      if (on) localStorage.removeItem(MUTED);
      else localStorage.setItem(MUTED, "yes");
    } catch {
      // Then it is chosen again next time.
    }
    if (on) this.sound("wrote");
  }

  /** Browsers play nothing before somebody has pressed something on the page; then it is silent. */
  sound(what: keyof typeof TONES): void {
    try {
      const context = (this.context ??= new AudioContext());
      void context.resume();
      for (const [pitch, after] of TONES[what]) {
        const tone = new OscillatorNode(context, { frequency: pitch, type: "sine" });
        const volume = new GainNode(context, { gain: LOUD });
        const at = context.currentTime + after;
        volume.gain.setValueAtTime(LOUD, at);
        volume.gain.exponentialRampToValueAtTime(0.0001, at + FADES);
        tone.connect(volume).connect(context.destination);
        tone.start(at);
        tone.stop(at + FADES);
      }
    } catch {
      // No sound here; the page shows it all the same.
    }
  }
}

/** Whether notices may be shown. */
export function noticesAre(): "unasked" | "granted" | "denied" {
  if (!("Notification" in window) || !window.isSecureContext) return "denied";
  return Notification.permission === "default" ? "unasked" : Notification.permission;
}

/** A notice of the desktop; one about the same takes the place of the one before. */
export function notify(title: string, body: string, about: string, clicked: () => void): void {
  if (noticesAre() !== "granted") return;
  try {
    const notice = new Notification(title, { body, tag: about, icon: "/icon.svg" });
    notice.addEventListener("click", () => {
      window.focus();
      clicked();
      notice.close();
    });
  } catch {
    // Some browsers show notices only through a worker.
  }
}
