// The title of a past conversation in a list.

import type { TeamI18n } from "../words/team.ts";
import type { Found } from "./requests.ts";

/** Its first words, else why an agent was wanted, else its number of messages. */
export function beginningOf(i18n: TeamI18n, { first_words, reason, messages }: Found): string {
  const words = first_words === "" ? (reason ?? "") : first_words;
  if (words !== "") return words;
  return messages === 0 ? i18n.t("admin_nothing_asked") : i18n.count("agent_messages", messages);
}
