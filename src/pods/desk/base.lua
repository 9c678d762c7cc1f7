-- What every script of the desk knows. Put before each of them.
--
-- KEYS[1]  what every key of the desk begins with; all lie in one slot of a Cluster. Behind it:
--          t:<conversation>      a hash: a ticket
--          gone:<conversation>   a hash that expires: how a conversation went from the desk
--          all                   a set: conversations at the desk
--          waiting               a sorted set: those that nobody has, by since when
--          online, away          sorted sets: those whose visitor is connected, or is not, by when the
--                                visitor was heard of last
--          agents                a hash: id and name of agents who were heard of lately
--          heard                 a sorted set: ids by when that was
--          breaks                a set: ids of those who take no conversations
--          seats:<id>            a sorted set: an agent's sockets, by until when each counts
--          answer_by             a sorted set: those whose agent has to answer, by until when
--          gaps, take            how long the head of the line waited, the last times; when the last was
--          rev                   goes up with every change
--
-- A script writes nothing before it has read what it decides by. What is no text is '' in an answer.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function key(name, of)
  return KEYS[1] .. ':' .. name .. (of and ':' .. of or '')
end

local function digits(number)
  return string.format('%.0f', number)
end

-- At least the time, so that it goes up even past a loss of everything that was known.
local function next_rev()
  local rev = digits(math.max(now, (tonumber(redis.call('GET', key('rev'))) or 0) + 1))
  redis.call('SET', key('rev'), rev)
  return rev
end

local function hash(name)
  local fields, found = redis.call('HGETALL', name), {}
  if #fields == 0 then
    return nil
  end
  for at = 1, #fields, 2 do
    found[fields[at]] = fields[at + 1]
  end
  return found
end

local function ticket(conversation)
  return hash(key('t', conversation))
end

local function told(conversation, t)
  return {'ticket', conversation, t.product, t.product_name, t.visitor, t.locale, t.reason, t.last,
    t.since, t.agent, t.agent_name, t.online, t.pod, t.rev,
    -- A ticket that a pod of an earlier version wrote has none of these.
    t.unanswered or '', t.unanswered_name or '', t.scenario or '', t.page or ''}
end

-- What is known of a visitor, as names and values from this argument on. Only these fields are taken.
local function details(from)
  local known = {product = true, product_name = true, visitor = true, locale = true, scenario = true,
    page = true, reason = true}
  local given = {}
  for at = from, #ARGV - 1, 2 do
    if known[ARGV[at]] and ARGV[at + 1] ~= '' then
      given[ARGV[at]] = ARGV[at + 1]
    end
  end
  return given
end

local function change(conversation, t, fields)
  fields.rev = next_rev()
  local flat = {}
  for field, value in pairs(fields) do
    t[field] = value
    flat[#flat + 1] = field
    flat[#flat + 1] = value
  end
  redis.call('HSET', key('t', conversation), unpack(flat))
  return told(conversation, t)
end

-- The visitor was heard of, and is connected or not.
local function heard_of(conversation, online)
  local here, there = 'away', 'online'
  if online then
    here, there = there, here
  end
  redis.call('ZADD', key(here), digits(now), conversation)
  redis.call('ZREM', key(there), conversation)
end

local function saw_agent(id, name)
  redis.call('HSET', key('agents'), id, name)
  redis.call('ZADD', key('heard'), digits(now), id)
end

local function is_present(id)
  return redis.call('ZCOUNT', key('seats', id), '(' .. digits(now), '+inf') > 0
end

-- The agent has to answer within so many ms, unless that is '0' or a time runs already.
local function await_answer(conversation, within)
  if within ~= '0' then
    redis.call('ZADD', key('answer_by'), 'NX', digits(now + tonumber(within)), conversation)
  end
end

local function give(conversation, t, id, name, within)
  saw_agent(id, name)
  local given = change(conversation, t,
    {agent = id, agent_name = name, unanswered = '', unanswered_name = ''})
  redis.call('ZREM', key('waiting'), conversation)
  redis.call('ZREM', key('answer_by'), conversation)
  await_answer(conversation, within)
  return given
end

-- Takes a conversation from its agent; it waits in its old place.
local function wait_again(conversation, t, fields)
  fields.agent, fields.agent_name = '', ''
  local answer = change(conversation, t, fields)
  redis.call('ZADD', key('waiting'), t.since, conversation)
  redis.call('ZREM', key('answer_by'), conversation)
  return answer
end

local function take_away(conversation, t, why, remember_ms)
  local rev, gone = next_rev(), key('gone', conversation)
  redis.call('HSET', gone, 'why', why, 'agent', t.agent, 'agent_name', t.agent_name, 'rev', rev)
  redis.call('PEXPIRE', gone, remember_ms)
  redis.call('DEL', key('t', conversation))
  redis.call('SREM', key('all'), conversation)
  for _, name in ipairs({'waiting', 'online', 'away', 'answer_by'}) do
    redis.call('ZREM', key(name), conversation)
  end
  return {'gone', conversation, why, t.agent, t.agent_name, rev}
end

-- What became of a conversation; {} when nobody knows.
local function found(conversation)
  local t = ticket(conversation)
  if t then
    return told(conversation, t)
  end
  local gone = hash(key('gone', conversation))
  return gone and {'gone', conversation, gone.why, gone.agent, gone.agent_name, gone.rev} or {}
end

