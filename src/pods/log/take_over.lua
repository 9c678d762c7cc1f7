-- Gives a conversation to the calling pod.
--
-- ARGV   pod, time to live in ms, epoch and offset of a client ('' and '' without a client:
--        nothing is missed), epoch and pod of the only owner that it may be taken from ('' and '' is any)
-- Returns  {'all', 'gone' or 'ahead', epoch, offset, previous owner, checkpoint, missed entries …},
--        {'unknown'} or {'moved'}

local epoch, owner, last = meta()
local hash, stream = KEYS[1], KEYS[2]
local before, before_owner, before_last = meta_of(KEYS[3])
local is_before = before and (not epoch or before > epoch)
if is_before then
  epoch, owner, last, hash, stream = before, before_owner, before_last, KEYS[3], KEYS[4]
end
if not epoch then
  return {'unknown'}
end
if ARGV[5] ~= '' and (epoch ~= tonumber(ARGV[5]) or owner ~= ARGV[6]) then
  return {'moved'}
end

local seen, after = tonumber(ARGV[3]) or epoch, tonumber(ARGV[4]) or last
local word, missed = 'all', {}
-- The last logged offset of the client's epoch: a client beyond it has received frames that
-- were never logged, whatever the log has at those offsets.
local ended = last
if seen ~= epoch then
  ended = whole(redis.call('HGET', hash, 'end:' .. seen)) or -1
end
if after > ended then
  word = 'ahead'
elseif after < last then
  local found = redis.pcall('XRANGE', stream, (after + 1) .. '-0', last .. '-0')
  if found.err or #found ~= last - after then
    word = 'gone'
  else
    for place, entry in ipairs(found) do
      if entry[1] ~= (after + place) .. '-0' or entry[2][1] ~= 'f' then
        word = 'gone'
      end
      missed[place] = entry[2][2]
    end
  end
end

local minutes = redis.call('HGET', hash, 'minutes') or ''
local over, ends, forgotten = 'end:' .. epoch, last, 'end:' .. (epoch - 32)
epoch, last = math.max(epoch, seen) + 1, math.max(after, last)
if is_before then
  -- Any value under these keys is older.
  if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('SET', KEYS[1], '')
    redis.call('DEL', KEYS[1])
  end
  redis.call('HSET', KEYS[1], unpack(redis.call('HGETALL', KEYS[3])))
  redis.call('DEL', KEYS[2])
  if redis.call('EXISTS', KEYS[4]) == 1 then
    redis.call('RENAME', KEYS[4], KEYS[2])
  end
end
redis.call('HSET', KEYS[1], over, ends, 'epoch', epoch, 'owner', ARGV[1], 'offset', last)
redis.call('HDEL', KEYS[1], forgotten)
if word == 'ahead' then
  redis.call('DEL', KEYS[2])
end
if is_before then
  -- For pods of the previous version: the previous owner is superseded, and a client that resumes at such a pod is told
  -- that later entries are missing. It always has less than this offset.
  redis.call('HSET', KEYS[3], 'epoch', epoch, 'owner', ARGV[1], 'offset', last + 1000000)
  redis.call('HDEL', KEYS[3], 'minutes')
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
renew(ARGV[2])

local reply = {word, epoch, last, owner, minutes}
if word == 'all' then
  for place, frame in ipairs(missed) do
    reply[5 + place] = frame
  end
end
return reply
