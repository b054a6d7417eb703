-- What happened to a parcel stays as it was said.
CREATE TRIGGER tracking_event_is_not_updated BEFORE UPDATE ON tracking_event
BEGIN
    SELECT RAISE(ABORT, 'tracking events are append-only');
END;

CREATE TRIGGER tracking_event_is_not_deleted BEFORE DELETE ON tracking_event
BEGIN
    SELECT RAISE(ABORT, 'tracking events are append-only');
END;
