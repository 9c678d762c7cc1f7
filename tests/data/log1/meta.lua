-- What every script of the log knows. Put before each of them.
--
-- KEYS[1]  a hash: epoch, owner (a pod), offset (the last one given out), minutes, and end:<epoch>, the last
--          offset of each of the last epochs that are over
-- KEYS[2]  a stream: an entry a message, its id the offset with -0 behind it, its one field the frame
--
-- A script writes nothing before it has read everything, and first what a full Redis refuses: so it is
-- done as a whole or not at all.

local function whole(text)
  local number = tonumber(text)
  -- Past this a number would not be written without an exponent.
  if number and number >= 0 and number <= 1e13 and number % 1 == 0 then
    return number
  end
end

-- Epoch, owner and offset; nothing where there is no log, or something that is none.
local function meta()
  local fields = redis.pcall('HMGET', KEYS[1], 'epoch', 'owner', 'offset')
  if fields.err then
    return
  end
  local epoch, offset = whole(fields[1]), whole(fields[3])
  if epoch and offset and fields[2] then
    return epoch, fields[2], offset
  end
end

-- A conversation that is touched is kept for so long again.
local function renew(ttl_ms)
  redis.call('PEXPIRE', KEYS[1], ttl_ms)
  redis.call('PEXPIRE', KEYS[2], ttl_ms)
end

