-- Places in line.
--
-- ARGV   conversations …
-- Gives  {{place of each, 0 where it does not wait …}, {gaps between the last takes …}}

local places = {}
for at, conversation in ipairs(ARGV) do
  local rank = redis.call('ZRANK', key('waiting'), conversation)
  places[at] = rank and rank + 1 or 0
end
return {places, redis.call('LRANGE', key('gaps'), 0, -1)}
