-- Gives a conversation to the pod that asks.
--
-- ARGV   pod, time to live in ms, epoch and offset a client has come to ('' and '' where there is none and
--        nothing is missed), epoch and pod of the only owner that it is taken from ('' and '' is any)
-- Gives  {'all', 'gone' or 'ahead', epoch, offset, owner before, minutes, frames that were missed …},
--        {'unknown'} or {'moved'}

local epoch, owner, last = meta()
if not epoch then
  return {'unknown'}
end
if ARGV[5] ~= '' and (epoch ~= tonumber(ARGV[5]) or owner ~= ARGV[6]) then
  return {'moved'}
end

local seen, after = tonumber(ARGV[3]) or epoch, tonumber(ARGV[4]) or last
local word, missed = 'all', {}
-- How far the epoch in which the client was welcomed has come here: a client that is farther has read what
-- was never logged, whatever the log has at those offsets.
local ended = last
if seen ~= epoch then
  ended = whole(redis.call('HGET', KEYS[1], 'end:' .. seen)) or -1
end
if after > ended then
  word = 'ahead'
elseif after < last then
  local found = redis.pcall('XRANGE', KEYS[2], (after + 1) .. '-0', last .. '-0')
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

local minutes = redis.call('HGET', KEYS[1], 'minutes') or ''
local over, ends, forgotten = 'end:' .. epoch, last, 'end:' .. (epoch - 32)
epoch, last = math.max(epoch, seen) + 1, math.max(after, last)
redis.call('HSET', KEYS[1], over, ends, 'epoch', epoch, 'owner', ARGV[1], 'offset', last)
redis.call('HDEL', KEYS[1], forgotten)
if word == 'ahead' then
  redis.call('DEL', KEYS[2])
end
renew(ARGV[2])

local reply = {word, epoch, last, owner, minutes}
if word == 'all' then
  for place, frame in ipairs(missed) do
    reply[5 + place] = frame
  end
end
return reply
