-- What happened to a parcel stays as it was said.
CREATE FUNCTION tracking_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tracking events are append-only';
END
$$;

CREATE TRIGGER tracking_event_is_append_only BEFORE UPDATE OR DELETE ON tracking_event
    FOR EACH ROW EXECUTE FUNCTION tracking_event_is_append_only();
