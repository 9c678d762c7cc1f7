-- Reads what is kept of a conversation. Nothing changes by it.
--
-- Gives  {'unknown'}, or {'kept', epoch, offset, frames from the first that is kept …}

local epoch, _, last = meta()
if not epoch then
  return {'unknown'}
end
local found = redis.pcall('XRANGE', KEYS[2], '-', '+')
local reply = {'kept', epoch, last}
if found.err then
  return reply
end
for place, entry in ipairs(found) do
  -- Whatever has a hole or another end is none of ours.
  if entry[1] ~= (last - #found + place) .. '-0' or entry[2][1] ~= 'f' then
    return {'kept', epoch, last}
  end
  reply[3 + place] = entry[2][2]
end
return reply
