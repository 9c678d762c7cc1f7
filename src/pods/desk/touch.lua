-- The last message of a conversation.
--
-- ARGV   conversation, its text, 'visitor' or 'agent', how long the visitor waits for an answer
-- Returns  the ticket, or {}

local conversation = ARGV[1]
local t = ticket(conversation)
if not t then
  return {}
end
if t.agent ~= '' and ARGV[3] == 'visitor' then
  await_answer(conversation, ARGV[4])
elseif t.agent ~= '' then
  redis.call('ZREM', key('answer_by'), conversation)
end
return change(conversation, t, {last = ARGV[2]})
