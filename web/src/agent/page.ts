// The page at `/agent`: the console of the signed-in agent.

import { found, frame } from "../frame.ts";
import "../style/agent.css";
import { currentUser } from "../wire/team.ts";
import { teamI18nOf } from "../words/team.ts";
import { type Console, mountConsole } from "./console.ts";

const server = new URL(location.origin);
const me = await currentUser(server);
if (me === undefined) {
  location.replace("/sign-in?next=/agent");
} else {
  const language = frame("agent_title", (tag) => {
    desk.speak(tag);
  }, teamI18nOf);
  const desk: Console = mountConsole({ root: found("#agent", HTMLElement), bar: found(".bar", HTMLElement), server, me, language });
}
