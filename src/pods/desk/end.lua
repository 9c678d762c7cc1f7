-- A visitor wants no person any more.
--
-- ARGV   conversation, why, '1' where it matters only while nobody has it, how long it is known
-- Gives  how it went, or {}

local conversation = ARGV[1]
local t = ticket(conversation)
if not t or (ARGV[3] == '1' and t.agent ~= '') then
  return {}
end
return take_away(conversation, t, ARGV[2], ARGV[4])
