// The title of a past conversation in a list.

import type { TeamVoice } from "../words/team.ts";
import type { Found } from "./requests.ts";

/** Its first words, else why an agent was wanted, else its number of messages. */
export function beginningOf(voice: TeamVoice, { first_words, reason, messages }: Found): string {
  const words = first_words === "" ? (reason ?? "") : first_words;
  if (words !== "") return words;
  return messages === 0 ? voice.say("admin_nothing_asked") : voice.count("agent_messages", messages);
}
