-- What is known of a visit beside what was said: how the product is used, the page, and why an agent was wanted.
ALTER TABLE conversations ADD COLUMN scenario TEXT;
ALTER TABLE conversations ADD COLUMN page TEXT;
ALTER TABLE conversations ADD COLUMN reason TEXT;

-- A conversation in which an agent wrote and the visitor did not is not one in which nothing was said.
UPDATE conversations SET first_words = COALESCE((
    SELECT SUBSTR(messages.text, 1, 160) FROM messages
    WHERE messages.conversation = conversations.id AND messages.author = 'agent' AND messages.text <> ''
    ORDER BY messages.at_ms, messages.id LIMIT 1), '')
WHERE first_words = '';
