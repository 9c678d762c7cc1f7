-- What became of a conversation.
--
-- ARGV   conversation
-- Gives  the ticket, how it went, or {}

return found(ARGV[1])
