-- A trigger, so that an older server, which does not know the table, erases them too.
CREATE TRIGGER events_erased AFTER DELETE ON conversations BEGIN
    DELETE FROM events WHERE conversation = old.id;
END;
