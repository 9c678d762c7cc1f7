-- New details of the visitor of a conversation.
--
-- ARGV   conversation, then names and values
-- Returns  the ticket, or {} if nothing changed

local t, given, is_new = ticket(ARGV[1]), details(2), false
if not t then
  return {}
end
for field, value in pairs(given) do
  is_new = is_new or (t[field] or '') ~= value
end
return is_new and change(ARGV[1], t, given) or {}
