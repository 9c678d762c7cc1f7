-- Common part of all scripts of the log, prepended to each of them.
--
-- KEYS[1]  a hash: epoch, owner (a pod), offset (the last one assigned), minutes (the checkpoint), and
--          end:<epoch>, the last offset of each of the last completed epochs
-- KEYS[2]  a stream: one entry per event, its id is the offset followed by -0, its only field the event
-- KEYS[3], KEYS[4]  the same of the previous version, whose pods run beside these during a rolling update. Its entries
--          are frames, and it sends what it reads to clients unchanged; so it must never find an event under its keys.
--          The hash with the greater epoch is the conversation.
--
-- A script writes nothing before it has read everything, and begins with a write that a full Redis refuses: so it
-- takes effect as a whole or not at all.

local function whole(text)
  local number = tonumber(text)
  -- Beyond this a number would be written with an exponent.
  if number and number >= 0 and number <= 1e13 and number % 1 == 0 then
    return number
  end
end

-- Epoch, owner and offset of a hash; nothing if it is missing or no log.
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

-- The epoch of a pod of the previous version that took the conversation over after this epoch; nothing if none has.
local function taken_back(mine)
  local before = meta_of(KEYS[3])
  return before and before > mine and before
end

-- Renews the time to live of a conversation.
local function renew(ttl_ms)
  redis.call('PEXPIRE', KEYS[1], ttl_ms)
  redis.call('PEXPIRE', KEYS[2], ttl_ms)
end

