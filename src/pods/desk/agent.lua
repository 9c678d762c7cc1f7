-- An agent is there, or has left a seat.
--
-- ARGV   id, name, seat, for how long that counts ('' where the agent has left), '1' or '0' where the
--        agent said whether conversations are taken
-- Gives  1 when that changed who is there

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
