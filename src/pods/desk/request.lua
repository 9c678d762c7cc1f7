-- A visitor requests an agent.
--
-- ARGV   most that may wait, conversation, pod, start of the wait, the agent's id and name, last message, how long
--        a visitor whose agent is put back waits for an answer, then names and values of the visitor's
--        details
-- Returns  the ticket, or {'full'}

local conversation, since, agent = ARGV[2], tonumber(ARGV[4]) or now, ARGV[5]
local given = details(9)
given.last = ARGV[7]
local t = ticket(conversation)
local is_new = not t
if is_new then
  if agent == '' and redis.call('ZCARD', key('waiting')) >= tonumber(ARGV[1]) then
    return {'full'}
  end
  t = {product = '', product_name = '', visitor = '', locale = '', scenario = '', page = '', reason = '', last = '',
    since = digits(math.min(since, now)), agent = agent, agent_name = ARGV[6], unanswered = '',
    unanswered_name = ''}
end
for field, value in pairs(given) do
  if value ~= '' then
    t[field] = value
  end
end
t.online, t.pod = '1', ARGV[3]
local answer = change(conversation, t, t)
redis.call('SADD', key('all'), conversation)
heard_of(conversation, true)
if t.agent == '' then
  redis.call('ZADD', key('waiting'), t.since, conversation)
else
  saw_agent(t.agent, t.agent_name)
  if is_new then
    await_answer(conversation, ARGV[8])
  end
end
redis.call('DEL', key('gone', conversation))
return answer
