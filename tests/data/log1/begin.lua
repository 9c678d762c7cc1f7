-- Begins a conversation, or begins it again.
--
-- ARGV   pod, epoch, offset, time to live in ms
-- Gives  {'done', offset} or {'stale', epoch}

local pod, mine, offset = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local epoch, owner, last = meta()
if epoch and (epoch > mine or (epoch == mine and owner ~= pod)) then
  return {'stale', epoch}
end
if epoch ~= mine or last < offset then
  -- Whatever lay there: the log of an older epoch, one with a hole to come, or no log at all.
  -- Of another type perhaps, which takes no fields; and fields of ours that are not meant any more.
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
