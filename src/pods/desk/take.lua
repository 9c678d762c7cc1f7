-- An agent takes a conversation.
--
-- ARGV   conversation, agent, name, number of takes for the estimate, how long the
--        visitor waits for an answer
-- Returns  the ticket, {'unknown'}, or {'taken', agent, name}

local conversation = ARGV[1]
local t = ticket(conversation)
if not t then
  return {'unknown'}
elseif t.agent == ARGV[2] then
  return told(conversation, t)
elseif t.agent ~= '' then
  return {'taken', t.agent, t.agent_name}
end
local head_since = math.max(tonumber(redis.call('GET', key('take'))) or 0, tonumber(t.since))
redis.call('LPUSH', key('gaps'), digits(math.max(0, now - head_since)))
redis.call('LTRIM', key('gaps'), 0, tonumber(ARGV[4]) - 1)
redis.call('SET', key('take'), digits(now))
return give(conversation, t, ARGV[2], ARGV[3], ARGV[5])
