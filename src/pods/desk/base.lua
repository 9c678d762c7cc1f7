-- Common part of all scripts of the desk, prepended to each of them.
--
-- KEYS[1]  prefix of every key of the desk; all are in one slot of a Cluster. The suffixes:
--          t:<conversation>      a hash: a ticket
--          gone:<conversation>   a hash that expires: how a conversation left the desk
--          all                   a set: conversations at the desk
--          waiting               a sorted set: those without an agent, by the start of their wait
--          online, away          sorted sets: those whose visitor is connected, or is not, by the time of
--                                the visitor's last report
--          agents                a hash: id and name of recent agents
--          heard                 a sorted set: ids by the time of the last report
--          breaks                a set: ids of those who are not available
--          seats:<id>            a sorted set: an agent's sockets, by the time of their expiry
--          answer_by             a sorted set: those whose agent has to answer, by the deadline
--          gaps, take            waiting times of the last visitors taken; time of the last take
--          rev                   increases with every change
--
-- A script writes nothing before it has read all its input. A missing text is '' in a reply.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function key(name, of)
  return KEYS[1] .. ':' .. name .. (of and ':' .. of or '')
end

local function digits(number)
  return string.format('%.0f', number)
end

-- At least the time, so that it increases even after a loss of all data.
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
    -- A ticket of an earlier version has none of these.
    t.unanswered or '', t.unanswered_name or '', t.scenario or '', t.page or ''}
end

-- The visitor's details, as names and values from this argument on. Only these fields are accepted.
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

-- A report of the visitor, who is connected or not.
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

-- The agent has to answer within so many ms, unless that is '0' or a deadline is running already.
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

-- Takes a conversation from its agent; it gets its former place in the queue.
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

-- The state of a conversation; {} if it is unknown.
local function found(conversation)
  local t = ticket(conversation)
  if t then
    return told(conversation, t)
  end
  local gone = hash(key('gone', conversation))
  return gone and {'gone', conversation, gone.why, gone.agent, gone.agent_name, gone.rev} or {}
end

