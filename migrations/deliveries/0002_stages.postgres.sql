-- All the way of a parcel. The waybill may come later than the shipment; `timeline` is a JSON array of
-- moments; `due_at` is when something is to be done about it with the carrier.
--
-- A tombstone stands for a shipment that must never be: its order was called off before it was
-- completed. It takes the place of the first shipment, so that there is one or the other.
ALTER TABLE shipment
    ADD COLUMN order_number  TEXT,
    ADD COLUMN timeline      TEXT,
    ADD COLUMN dispatched_at BIGINT,
    ADD COLUMN due_at        BIGINT,
    ALTER COLUMN waybill DROP NOT NULL,
    DROP CONSTRAINT shipment_lines_check,
    DROP CONSTRAINT shipment_carrier_check,
    DROP CONSTRAINT shipment_service_check,
    DROP CONSTRAINT shipment_waybill_check,
    DROP CONSTRAINT shipment_status_check;

UPDATE shipment SET timeline = '[{"version":1,"at":"'
    || to_char(to_timestamp(created_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    || '","what":"shipment-prepared","detail":"' || carrier || ' ' || waybill || '"}]';

ALTER TABLE shipment
    ALTER COLUMN timeline SET NOT NULL,
    ADD CONSTRAINT shipment_waybill_length CHECK (length(waybill) = 13),
    ADD CONSTRAINT shipment_status CHECK (status IN (
        'tombstone', 'pending', 'ready', 'dispatched', 'in_transit', 'out_for_delivery',
        'failed_attempt', 'delivered', 'returning', 'returned', 'lost', 'cancelled'
    )),
    ADD CONSTRAINT shipment_content CHECK (
        (status = 'tombstone' AND lines = '[]' AND waybill IS NULL)
        OR (status <> 'tombstone' AND lines <> '[]' AND carrier <> '' AND service <> '')
    ),
    ADD CONSTRAINT shipment_numbered CHECK (
        waybill IS NOT NULL OR status IN ('tombstone', 'pending', 'cancelled')
    ),
    ADD CONSTRAINT shipment_dispatched CHECK (
        (dispatched_at IS NULL) = (status IN ('tombstone', 'pending', 'ready', 'cancelled'))
    );

CREATE INDEX shipment_due ON shipment (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX shipment_by_status ON shipment (status, id);
