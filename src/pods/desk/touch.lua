-- This was said last.
--
-- ARGV   conversation, the words
-- Gives  the ticket, or {}

local t = ticket(ARGV[1])
return t and change(ARGV[1], t, {last = ARGV[2]}) or {}
