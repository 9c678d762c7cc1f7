// Alerts an agent who looks elsewhere: a sound, a desktop notification, the window title.

/** Storage key of the muted state. */
const MUTED = "hsc-agent-muted";
/** Two tones for a new visitor, one for a message: pitch in hertz, start in seconds. */
const TONES = { arrived: [[660, 0], [880, 0.14]], wrote: [[740, 0]] } as const;
/** Time for a tone to fade, in seconds, and its volume: low, so that it does not disturb a phone call. */
const FADES = 0.28;
const LOUD = 0.12;

export class Alarm {
  private context: AudioContext | undefined;

  /** Whether sounds are on. */
  get isOn(): boolean {
    try {
      return localStorage.getItem(MUTED) === null;
    } catch {
      return true; // Storage is disabled.
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

  /** Silent before the first interaction with the page, when browsers play nothing. */
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
      // No sound is possible; the page still shows the event.
    }
  }
}

/** The permission for notifications. */
export function noticesAre(): "unasked" | "granted" | "denied" {
  if (!("Notification" in window) || !window.isSecureContext) return "denied";
  return Notification.permission === "default" ? "unasked" : Notification.permission;
}

/** Shows a desktop notification; a later one about the same thing replaces it. */
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
    // Some browsers show notifications only through a worker.
  }
}
