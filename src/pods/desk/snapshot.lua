-- All tickets and agents of the desk.
--
-- Returns  {{tickets …}, {{id, name, '1' for available} …}}

local tickets, agents = {}, {}
for _, conversation in ipairs(redis.call('SMEMBERS', key('all'))) do
  local t = ticket(conversation)
  if t then
    tickets[#tickets + 1] = told(conversation, t)
  end
end
for id, name in pairs(hash(key('agents')) or {}) do
  if is_present(id) then
    local available = redis.call('SISMEMBER', key('breaks'), id) == 0 and '1' or '0'
    agents[#agents + 1] = {id, name, available}
  end
end
return {tickets, agents}
