-- A visitor has disconnected from a pod.
--
-- ARGV   pod, conversation
-- Returns  the ticket, or {} if the visitor is connected to another pod by now

local conversation = ARGV[2]
local t = ticket(conversation)
if not t or t.pod ~= ARGV[1] or t.online ~= '1' then
  return {}
end
local answer = change(conversation, t, {online = '0'})
heard_of(conversation, false)
return answer
