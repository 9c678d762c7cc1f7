-- Applies the timeouts.
--
-- ARGV   in ms: how long a visitor counts as connected, after which time the conversations of an absent
--        agent wait again, after which time a disconnected visitor is removed, how long the result is stored
-- Returns  changes …, {'agents'} among them if the list of present agents changed

local changes, gone, agents_changed = {}, {}, false
for _, id in ipairs(redis.call('HKEYS', key('agents'))) do
  local seats = key('seats', id)
  local had = redis.call('ZCARD', seats) > 0
  redis.call('ZREMRANGEBYSCORE', seats, '-inf', digits(now))
  if redis.call('ZCARD', seats) == 0 then
    agents_changed = agents_changed or had
    local heard = tonumber(redis.call('ZSCORE', key('heard'), id)) or 0
    if heard <= now - tonumber(ARGV[2]) then
      gone[id] = true
    end
  end
end
if agents_changed then
  changes[1] = {'agents'}
end

if next(gone) then
  for _, conversation in ipairs(redis.call('SMEMBERS', key('all'))) do
    local t = ticket(conversation)
    if t and gone[t.agent] then
      changes[#changes + 1] = wait_again(conversation, t, {})
    end
  end
  -- Last, so that conversations put back here are found again.
  for id in pairs(gone) do
    redis.call('HDEL', key('agents'), id)
    redis.call('ZREM', key('heard'), id)
    redis.call('SREM', key('breaks'), id)
  end
end

local overdue = redis.call('ZRANGEBYSCORE', key('answer_by'), '-inf', digits(now))
for _, conversation in ipairs(overdue) do
  local t = ticket(conversation)
  if t and t.agent ~= '' then
    local from = {unanswered = t.agent, unanswered_name = t.agent_name}
    changes[#changes + 1] = wait_again(conversation, t, from)
  else
    redis.call('ZREM', key('answer_by'), conversation)
  end
end

local function before(name, span)
  return redis.call('ZRANGEBYSCORE', key(name), '-inf', digits(now - tonumber(span)))
end
for _, conversation in ipairs(before('online', ARGV[1])) do
  local t, heard = ticket(conversation), redis.call('ZSCORE', key('online'), conversation)
  if t then
    changes[#changes + 1] = change(conversation, t, {online = '0'})
    redis.call('ZADD', key('away'), heard, conversation)
  end
  redis.call('ZREM', key('online'), conversation)
end
for _, conversation in ipairs(before('away', ARGV[3])) do
  local t = ticket(conversation)
  if not t then
    redis.call('ZREM', key('away'), conversation)
  elseif t.agent == '' then
    changes[#changes + 1] = take_away(conversation, t, 'expired', ARGV[4])
  end
end
return changes
