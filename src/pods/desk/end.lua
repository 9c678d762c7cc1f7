-- A visitor withdraws the handoff or leaves.
--
-- ARGV   conversation, reason, '1' to end it only without an agent, how long the result is stored
-- Returns  how it ended, or {}

local conversation = ARGV[1]
local t = ticket(conversation)
if not t or (ARGV[3] == '1' and t.agent ~= '') then
  return {}
end
return take_away(conversation, t, ARGV[2], ARGV[4])
