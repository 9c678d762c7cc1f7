-- Gives a conversation to the pod that asks.
--
-- ARGV   pod, what the client has got ('' is everything), time to live in ms, and where the conversation
--        is taken only from a certain owner: its epoch and pod, else '' and ''
-- Gives  {'all', 'gone' or 'ahead', epoch, offset, owner before, minutes, frames that were missed …},
--        {'unknown'} or {'moved'}

local epoch, owner, last = meta()
if not epoch then
  return {'unknown'}
end
if ARGV[4] ~= '' and (epoch ~= tonumber(ARGV[4]) or owner ~= ARGV[5]) then
  return {'moved'}
end

local after, word, missed = tonumber(ARGV[2]) or last, 'all', {}
if after > last then
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
redis.call('HSET', KEYS[1], 'epoch', epoch + 1, 'owner', ARGV[1], 'offset', math.max(after, last))
if word == 'ahead' then
  redis.call('DEL', KEYS[2])
end
renew(ARGV[3])

local reply = {word, epoch + 1, math.max(after, last), owner, minutes}
if word == 'all' then
  for place, frame in ipairs(missed) do
    reply[5 + place] = frame
  end
end
return reply
