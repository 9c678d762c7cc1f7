-- Places in the queue.
--
-- ARGV   conversations …
-- Returns  {{place of each, 0 if it does not wait …}, {intervals between the last takes …}}

local places = {}
for at, conversation in ipairs(ARGV) do
  local rank = redis.call('ZRANK', key('waiting'), conversation)
  places[at] = rank and rank + 1 or 0
end
return {places, redis.call('LRANGE', key('gaps'), 0, -1)}
