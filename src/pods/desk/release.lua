-- An agent releases a conversation.
--
-- ARGV   conversation, agent, '1' for an admin, the colleague's id or '', else the reason, how long the
--        result is stored, how long the visitor waits for an answer
-- Returns  the ticket, how it ended, {'unknown'}, {'not_yours', agent, name} or {'not_present'}

local conversation, colleague = ARGV[1], ARGV[4]
local t = ticket(conversation)
if not t then
  return {'unknown'}
elseif ARGV[3] ~= '1' and t.agent ~= ARGV[2] then
  return {'not_yours', t.agent, t.agent_name}
elseif colleague == '' then
  return take_away(conversation, t, ARGV[5], ARGV[6])
elseif colleague == t.agent then
  return told(conversation, t)
elseif not is_present(colleague) then
  return {'not_present'}
end
local name = redis.call('HGET', key('agents'), colleague) or colleague
return give(conversation, t, colleague, name, ARGV[7])
