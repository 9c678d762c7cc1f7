-- Begins a conversation, or begins it again.
--
-- ARGV   pod, epoch, offset, time to live in ms
-- Returns  {'done', offset} or {'stale', epoch}

local pod, mine, offset = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local epoch, owner, last = meta()
if epoch and (epoch > mine or (epoch == mine and owner ~= pod)) then
  return {'stale', epoch}
end
local taken = taken_back(mine)
if taken then
  return {'stale', taken}
end
if epoch ~= mine or last < offset then
  -- For any existing value: the log of an older epoch, one with a gap, or a foreign value.
  -- It may be of another type, which has no fields, or have outdated fields.
  local is_there = redis.call('EXISTS', KEYS[1]) == 1
  if is_there then
    redis.call('SET', KEYS[1], '')
    redis.call('DEL', KEYS[1])
  end
  redis.call('HSET', KEYS[1], 'epoch', mine, 'owner', pod, 'offset', offset)
  redis.call('DEL', KEYS[2])
end
renew(ARGV[4])
return {'done', offset}
