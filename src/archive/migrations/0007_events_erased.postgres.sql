-- A trigger, so that an older server, which does not know the table, erases them too.
CREATE FUNCTION erase_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM events WHERE conversation = OLD.id;
    RETURN OLD;
END
$$;
CREATE TRIGGER events_erased AFTER DELETE ON conversations
    FOR EACH ROW EXECUTE FUNCTION erase_events();
