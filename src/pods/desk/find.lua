-- The state of a conversation.
--
-- ARGV   conversation
-- Returns  the ticket, how it ended, or {}

return found(ARGV[1])
