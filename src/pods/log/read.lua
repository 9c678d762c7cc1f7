-- Reads a conversation without changing it.
--
-- Returns  {'unknown'}, or {'kept', epoch, offset, entries from the first stored one …}

local epoch, _, last = meta()
local stream = KEYS[2]
local before, _, before_last = meta_of(KEYS[3])
if before and (not epoch or before > epoch) then
  epoch, last, stream = before, before_last, KEYS[4]
end
if not epoch then
  return {'unknown'}
end
local found = redis.pcall('XRANGE', stream, '-', '+')
local reply = {'kept', epoch, last}
if found.err then
  return reply
end
for place, entry in ipairs(found) do
  -- A stream with a gap or another end is not of this log.
  if entry[1] ~= (last - #found + place) .. '-0' or entry[2][1] ~= 'f' then
    return {'kept', epoch, last}
  end
  reply[3 + place] = entry[2][2]
end
return reply
