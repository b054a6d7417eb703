-- A trace is looked up by the messages that requests and tasks published in it; those that messages have caused are
-- found by their causes. Ids of traces are random, and an index of all messages by them was the dearest part of the
-- journal: a page of it for almost every row.
DROP INDEX journal_trace;
CREATE INDEX journal_trace ON journal (trace) WHERE origin IS NOT NULL AND trace IS NOT NULL;
