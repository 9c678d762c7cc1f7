-- What every script of the log knows. Put before each of them.
--
-- KEYS[1]  a hash: epoch, owner (a pod), offset (the last one given out), minutes, and end:<epoch>, the last
--          offset of each of the last epochs that are over
-- KEYS[2]  a stream: an entry an event, its id the offset with -0 behind it, its one field the event
-- KEYS[3], KEYS[4]  the same of the version before, whose pods run beside ours while an update rolls. Its entries are
--          frames, and it sends what it reads to clients as it is; so it never finds an event of ours under its keys.
--          Whichever hash has the greater epoch is the conversation.
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

-- Epoch, owner and offset of a hash; nothing where there is none, or something that is no log.
local function meta_of(hash)
  local fields = redis.pcall('HMGET', hash, 'epoch', 'owner', 'offset')
  if fields.err then
    return
  end
  local epoch, offset = whole(fields[1]), whole(fields[3])
  if epoch and offset and fields[2] then
    return epoch, fields[2], offset
  end
end

local function meta()
  return meta_of(KEYS[1])
end

-- The epoch of a pod of the version before that took the conversation over after this epoch; nothing where none has.
local function taken_back(mine)
  local before = meta_of(KEYS[3])
  return before and before > mine and before
end

-- A conversation that is touched is kept for so long again.
local function renew(ttl_ms)
  redis.call('PEXPIRE', KEYS[1], ttl_ms)
  redis.call('PEXPIRE', KEYS[2], ttl_ms)
end

