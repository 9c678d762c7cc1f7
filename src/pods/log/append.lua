-- Appends to a conversation and notifies the subscribers.
--
-- ARGV   pod, epoch, time to live in ms, window, channel, envelope before its entries and after them,
--        '1' if a checkpoint follows, the checkpoint, then offset and text of each entry
-- Returns  {'done', last offset}, {'stale', epoch}, {'gap', last offset} or {'unknown', 0}

local pod, mine, window = ARGV[1], tonumber(ARGV[2]), ARGV[4]
local epoch, owner, last = meta()
if not epoch or epoch < mine then
  return {'unknown', 0}
end
if epoch > mine or owner ~= pod then
  return {'stale', epoch}
end

local taken = taken_back(mine)
if taken then
  return {'stale', taken}
end

local next, new = last, {}
for at = 10, #ARGV, 2 do
  local offset = tonumber(ARGV[at])
  if offset > last then
    if offset ~= next + 1 then
      return {'gap', last}
    end
    next = offset
    new[#new + 1] = at
  end
end

for _, at in ipairs(new) do
  local added = redis.pcall('XADD', KEYS[2], 'MAXLEN', window, ARGV[at] .. '-0', 'f', ARGV[at + 1])
  if type(added) == 'table' and added.err then
    -- The hash and its stream do not belong together.
    if added.err:find('WRONGTYPE', 1, true) or added.err:find('equal or smaller', 1, true) then
      return {'unknown', 0}
    end
    return added
  end
end
if ARGV[8] == '1' then
  redis.call('HSET', KEYS[1], 'offset', next, 'minutes', ARGV[9])
elseif #new > 0 then
  redis.call('HSET', KEYS[1], 'offset', next)
end
renew(ARGV[3])

if #new > 0 then
  local entries = {}
  for place, at in ipairs(new) do
    entries[place] = '[' .. ARGV[at] .. ',' .. ARGV[at + 1] .. ']'
  end
  redis.call('PUBLISH', ARGV[5], ARGV[6] .. table.concat(entries, ',') .. ARGV[7])
end
return {'done', next}
