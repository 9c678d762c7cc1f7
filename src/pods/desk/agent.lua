-- An agent is present, or has closed a socket.
--
-- ARGV   id, name, socket, how long that counts in ms ('' if the agent has disconnected), '1' or '0' if the
--        agent has set the availability
-- Returns  1 when that changed the list of present agents

local id, seats = ARGV[1], key('seats', ARGV[1])
local function seen()
  local name = redis.call('HGET', key('agents'), id) or ''
  return is_present(id) and name .. '\n' .. redis.call('SISMEMBER', key('breaks'), id) or ''
end

local before = seen()
if ARGV[4] == '' then
  if redis.call('ZREM', seats, ARGV[3]) == 1 then
    redis.call('ZADD', key('heard'), digits(now), id)
  end
else
  saw_agent(id, ARGV[2])
  redis.call('ZADD', seats, digits(now + tonumber(ARGV[4])), ARGV[3])
  if ARGV[5] == '1' then
    redis.call('SREM', key('breaks'), id)
  elseif ARGV[5] == '0' then
    redis.call('SADD', key('breaks'), id)
  end
end
return before ~= seen() and 1 or 0
